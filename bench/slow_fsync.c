/* Preloaded: while the file that SLOW_FSYNC names is there, each fsync and fdatasync takes 5 s
 * longer, and adds one byte to that file as it begins. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long slowly(long number, int fd)
{
    const char *path = getenv("SLOW_FSYNC");
    int file = path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (file >= 0) {
        struct timespec left = {5, 0};
        if (write(file, ".", 1) != 1)
            abort();
        close(file);
        while (nanosleep(&left, &left) == -1 && errno == EINTR)
            continue;
    }
    return syscall(number, fd);
}

int fsync(int fd) { return (int)slowly(SYS_fsync, fd); }
int fdatasync(int fd) { return (int)slowly(SYS_fdatasync, fd); }
