/* Preloaded: while the file that SLOW_FSYNC names is there, each fsync and fdatasync takes 5 s
 * longer. It adds a line to that file as it begins, "+" and the name of its process, and one with
 * "-" after its 5 s. The run directory is in the memory of a box, so its files are not delayed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Return the file to add lines to, or -1 while the disk is not slow. */
static int open_lines(void)
{
    const char *path = getenv("SLOW_FSYNC");
    return path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
}

/* Return whether a descriptor is a file in a directory "run". */
static int is_in_run(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    return strstr(path, "/run/") != NULL;
}

/* Add a line; the name ends with a line feed. */
static void add_line(int file, char sign)
{
    char line[32] = {sign};
    int comm = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    ssize_t length = comm < 0 ? -1 : read(comm, line + 1, sizeof line - 1);
    if (length < 1 || write(file, line, (size_t)length + 1) != length + 1)
        abort();
    close(comm);
}

static long slowly(long number, int fd)
{
    int file = is_in_run(fd) ? -1 : open_lines();
    if (file >= 0) {
        struct timespec left = {5, 0};
        add_line(file, '+');
        while (nanosleep(&left, &left) == -1 && errno == EINTR)
            continue;
        add_line(file, '-');
        close(file);
    }
    return syscall(number, fd);
}

int fsync(int fd) { return (int)slowly(SYS_fsync, fd); }
int fdatasync(int fd) { return (int)slowly(SYS_fdatasync, fd); }
