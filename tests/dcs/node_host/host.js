// An OCPP 1.6 host of npm's ocpp-rpc in its strict mode, with the official schemas, for tests.
//
//   node host.js [PORT]
//
// It prints {"port": ...} once it can be used, then a line of JSON for each thing that happens:
//   {"connected": "SERIAL", "password": "..."} {"closed": "SERIAL"}
//   {"call": "Heartbeat", "params": {...}, "answer": {...}}   the box has asked
//   {"violation": "..."}             the box has broken a rule
//   {"order": 1, "answer": {...}}, {"order": 1, "error": "NotImplemented: ..."}
// and reads a line of JSON for each order:
//   {"order": 1, "call": "Reset", "params": {"type": "Soft"}}   ask the box
//   {"order": 2, "answers": {"BootNotification": {"status": "Pending"}}}  answer so from now on
//   {"order": 3, "tokens": {"AA": {"status": "Blocked"}}}  judge these tokens so; others: Accepted
//   {"order": 4, "drop": true}                         cut the connection without a word
//   {"order": 5, "mute": true}                         leave calls without an answer, or no longer
// It ends with its stdin.
"use strict";
const { RPCServer, createRPCError } = require("ocpp-rpc");

const ANSWER_MS = 2; // a second call that arrives meanwhile is a violation

const overrides = {}; // answers, by action
const tokens = {};
const starts = new Map(); // by card, time and register, so that none is counted twice
const transactions = new Map(); // by id
let nextId = 1000;
let client = null;
let isAccepted = false; // the last answer to a BootNotification
let isMuted = false;
let isTriggered = false; // a message that the host has asked for may come before
let openCalls = 0;

const say = (what) => console.log(JSON.stringify(what));
const violation = (text) => say({ violation: text });
const idTagInfo = (token) => ({ status: "Accepted", ...(tokens[token] || {}) });

function checkTime(action, text) {
    if (Number.isNaN(Date.parse(text))) {
        violation(`${action}: ${text} is no time`);
    }
    return Date.parse(text);
}

function checkValues(action, transaction, meterValue) {
    for (const { timestamp, sampledValue } of meterValue) {
        checkTime(action, timestamp);
        for (const { value, measurand, phase, context } of sampledValue) {
            if (!Number.isFinite(Number(value))) {
                violation(`${action}: ${value} is no number`);
            }
            const isRegister = !measurand || measurand === "Energy.Active.Import.Register";
            if (!transaction || !isRegister || phase) {
                continue;
            }
            if (Number(value) < transaction.meter) {
                violation(`${action}: the register falls from ${transaction.meter} to ${value}`);
            }
            if (context !== "Transaction.Begin") {
                transaction.meter = Number(value);
            }
        }
    }
}

const handlers = {
    BootNotification() {
        const answer = { status: "Accepted", interval: 300, ...overrides.BootNotification };
        isAccepted = answer.status === "Accepted";
        return { currentTime: new Date().toISOString(), ...answer };
    },
    Heartbeat: () => ({ currentTime: new Date().toISOString(), ...overrides.Heartbeat }),
    Authorize: ({ idTag }) => ({ idTagInfo: idTagInfo(idTag) }),
    StartTransaction(params) {
        const begun = checkTime("StartTransaction", params.timestamp);
        const key = `${params.idTag} ${params.timestamp} ${params.meterStart}`;
        if (!starts.has(key)) {
            starts.set(key, nextId);
            transactions.set(nextId, { begun, meter: params.meterStart, isEnded: false });
            nextId += 1;
        }
        return { transactionId: starts.get(key), idTagInfo: idTagInfo(params.idTag) };
    },
    MeterValues({ transactionId, meterValue }) {
        const transaction = transactions.get(transactionId);
        if (transactionId !== undefined && !transaction) {
            violation(`MeterValues: there is no transaction ${transactionId}`);
        }
        checkValues("MeterValues", transaction, meterValue);
        return {};
    },
    StopTransaction({ transactionId, idTag, meterStop, timestamp, transactionData }) {
        const transaction = transactions.get(transactionId);
        const ended = checkTime("StopTransaction", timestamp);
        if (!transaction) {
            violation(`StopTransaction: there is no transaction ${transactionId}`);
            return {};
        }
        if (ended < transaction.begun) {
            violation(`StopTransaction: ${transactionId} ends before it begins`);
        }
        checkValues("StopTransaction", transaction, transactionData || []);
        if (meterStop < transaction.meter) {
            violation(`StopTransaction: the register falls from ${transaction.meter} to ${meterStop}`);
        }
        transaction.isEnded = true;
        return idTag ? { idTagInfo: idTagInfo(idTag) } : {};
    },
    StatusNotification({ connectorId, timestamp }) {
        if (![0, 1].includes(connectorId)) {
            violation(`StatusNotification: there is no connector ${connectorId}`);
        }
        if (timestamp !== undefined) {
            checkTime("StatusNotification", timestamp);
        }
        return {};
    },
    DataTransfer: () => ({ status: "UnknownVendorId", ...overrides.DataTransfer }),
    FirmwareStatusNotification: () => ({}),
    DiagnosticsStatusNotification: () => ({}),
};

async function answer(action, params) {
    openCalls += 1;
    if (openCalls > 1) {
        violation(`${action}: another call is open`);
    }
    // The confirmation that the host has asked for by its offer (DCS-2, our own message).
    const isPairing = action === "DataTransfer" && params.vendorId === "wallbox.pairing";
    if (!isAccepted && action !== "BootNotification" && !isTriggered && !isPairing) {
        violation(`${action}: the box is not accepted`);
    }
    isTriggered = false;
    if (isMuted) {
        say({ call: action, params, answer: null });
        await new Promise((resolve) => client.once("close", resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
    openCalls -= 1;
    const override = overrides[action];
    if (override && override.error) {
        say({ call: action, params, answer: null });
        throw createRPCError(override.error, "as ordered");
    }
    const found = handlers[action](params);
    say({ call: action, params, answer: found });
    return found;
}

async function obey({ order, call, params, answers, tokens: judged, drop, mute }) {
    Object.assign(overrides, answers || {});
    Object.assign(tokens, judged || {});
    if (mute !== undefined) {
        isMuted = mute;
    }
    if (drop && client) {
        client.close({ force: true, awaitPending: false }); // the last line of this connection
    }
    if (call === undefined) {
        say({ order, answer: {} });
        return;
    }
    try {
        isTriggered = call === "TriggerMessage";
        say({ order, answer: await client.call(call, params || {}) });
    } catch (error) {
        say({ order, error: `${error.rpcErrorCode || error.name}: ${error.message}` });
    }
}

const server = new RPCServer({
    protocols: ["ocpp1.6"],
    strictMode: true,
    callConcurrency: 1,
    pingIntervalMs: 30000,
    respondWithDetailedErrors: true,
    wssOptions: { maxPayload: 1048576 },
});

server.auth((accept, reject, handshake) => {
    const password = handshake.password ? handshake.password.toString("hex") : "";
    accept({ protocol: "ocpp1.6", password });
});

server.on("client", (connected) => {
    client = connected;
    openCalls = 0;
    say({ connected: client.identity, password: client.session.password });
    for (const action of Object.keys(handlers)) {
        client.handle(action, ({ params }) => answer(action, params));
    }
    client.handle(({ method }) => {
        violation(`${method}: a call that a box does not make`);
        throw createRPCError("NotImplemented");
    });
    client.on("strictValidationFailure", ({ messageId, method, params, result, error }) => {
        violation(`${method} ${JSON.stringify(params || result)}: ${error.message} ` +
            `${JSON.stringify(error.details)} (${messageId})`);
    });
    client.on("badMessage", ({ buffer, error }) => {
        violation(`${buffer.toString().slice(0, 200)}: ${error.message}`);
    });
    client.on("close", () => say({ closed: connected.identity }));
});

server.listen(Number(process.argv[2] || 0), "127.0.0.1").then((http) => {
    say({ port: http.address().port });
    require("readline").createInterface({ input: process.stdin })
        .on("line", (line) => obey(JSON.parse(line)))
        .on("close", () => process.exit(0));
});
