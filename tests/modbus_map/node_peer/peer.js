// A Modbus server and a client of npm's modbus-serial, for tests in Python.
//
//   node peer.js tcp '{"3": {"0": 17254}}'              registers by unit and address
//   node peer.js rtu '{"3": {"0": 17254}}' /dev/pts/4 9600
//   node peer.js read HOST PORT UNIT FUNCTION ADDRESS:COUNT...
//   node peer.js ask HOST PORT UNIT r:ADDRESS:COUNT w:ADDRESS:VALUE...
//
// A server prints its port, or its device, in a line once it can be used, and ends with its stdin.
"use strict";
const Modbus = require("modbus-serial");

function vectorOf(units) {
    const register = (address, unit) => {
        const value = (units[unit] || {})[address];
        if (value === undefined) {
            throw { modbusErrorCode: 2 };
        }
        return value;
    };
    return { getInputRegister: register, getHoldingRegister: register };
}

function serve(kind, units, device, baud) {
    const vector = vectorOf(JSON.parse(units));
    const server = kind === "tcp"
        ? new Modbus.ServerTCP(vector, { host: "127.0.0.1", port: 0, unitID: 255 })
        : new Modbus.ServerSerial(vector, { path: device, baudRate: Number(baud), unitID: 255 });
    server.on("error", () => {}); // of each exception that it sends
    server.on("initialized", () => {
        console.log(kind === "tcp" ? server._server.address().port : device);
    });
    process.stdin.on("end", () => process.exit(0)).resume();
}

async function read(host, port, unit, fn, blocks) {
    const client = new Modbus();
    await client.connectTCP(host, { port: Number(port) });
    client.setID(Number(unit));
    client.setTimeout(10000);
    const found = {};
    for (const block of blocks) {
        const [address, count] = block.split(":").map(Number);
        const answer = fn === "3"
            ? await client.readHoldingRegisters(address, count)
            : await client.readInputRegisters(address, count);
        answer.data.forEach((word, place) => { found[address + place] = word; });
    }
    console.log(JSON.stringify(found));
    client.close(() => process.exit(0));
}

// Read holding registers and write single ones, one request after the other on one connection.
async function ask(host, port, unit, requests) {
    const client = new Modbus();
    await client.connectTCP(host, { port: Number(port) });
    client.setID(Number(unit));
    client.setTimeout(10000);
    const found = [];
    for (const request of requests) {
        const [act, address, value] = request.split(":");
        try {
            const answer = act === "r"
                ? await client.readHoldingRegisters(Number(address), Number(value))
                : await client.writeRegister(Number(address), Number(value));
            found.push(act === "r" ? answer.data : [answer.address, answer.value]);
        } catch (error) {
            if (error.modbusCode === undefined) {
                throw error;
            }
            found.push(error.modbusCode);
        }
    }
    console.log(JSON.stringify(found));
    client.close(() => process.exit(0));
}

const [kind, ...rest] = process.argv.slice(2);
if (kind === "read") {
    const [host, port, unit, fn, ...blocks] = rest;
    read(host, port, unit, fn, blocks).catch((error) => {
        console.error(error);
        process.exit(1);
    });
} else if (kind === "ask") {
    const [host, port, unit, ...requests] = rest;
    ask(host, port, unit, requests).catch((error) => {
        console.error(error);
        process.exit(1);
    });
} else {
    serve(kind, ...rest);
}
