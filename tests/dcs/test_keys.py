"""The configuration keys (OCPP 1.6, chapter 9; cases 23 and 24)."""

import msgspec
import pytest
from ocpp.v16.enums import ConfigurationKey as Known

from nodes.dcs import key_table, keys
from nodes.dcs.events import Verdict
from nodes.dcs.key_table import KEYS, NOT_HERE, KeyAccess
from nodes.dcs.keys import DEFAULTS, Configuration, change, show, text

pytestmark = pytest.mark.req("DCS-7")

GIVEN = {key_table.PHASE_ROTATION: "0.RST,1.RST", key_table.SECURITY_PROFILE: "1"}
BY_NAME = {row.name: row for row in KEYS}
WRITABLE = [row.name for row in KEYS if row.access is KeyAccess.BOTH]
# Of the security whitepaper, firmware and ISO 15118: other feature profiles.
OTHER_PROFILES = {
    "CentralContractValidationAllowed",
    "CertificateSignedMaxChainSize",
    "CertSigningWaitMinimum",
    "CertSigningRepeatTimes",
    "CertificateStoreMaxLength",
    "ContractValidationOffline",
    "ISO15118PnCEnabled",
    "AdditionalRootCertificateCheck",
    "CpoName",
}
REQUIRED = [
    "AuthorizeRemoteTxRequests",
    "ClockAlignedDataInterval",
    "ConnectionTimeOut",
    "ConnectorPhaseRotation",
    "GetConfigurationMaxKeys",
    "HeartbeatInterval",
    "LocalAuthorizeOffline",
    "LocalPreAuthorize",
    "MeterValuesAlignedData",
    "MeterValuesSampledData",
    "MeterValueSampleInterval",
    "NumberOfConnectors",
    "ResetRetries",
    "StopTransactionOnEVSideDisconnect",
    "StopTransactionOnInvalidId",
    "StopTxnAlignedData",
    "StopTxnSampledData",
    "SupportedFeatureProfiles",
    "TransactionMessageAttempts",
    "TransactionMessageRetryInterval",
    "UnlockConnectorOnEVSideDisconnect",
    "LocalAuthListEnabled",
    "LocalAuthListMaxLength",
    "SendLocalListMaxLength",
    "ChargeProfileMaxStackLevel",
    "ChargingScheduleAllowedChargingRateUnit",
    "ChargingScheduleMaxPeriods",
    "MaxChargingProfilesInstalled",
]


def test_every_key_of_these_profiles_is_here_or_has_a_reason_not_to_be() -> None:
    assert {*BY_NAME, *NOT_HERE, *OTHER_PROFILES} == {each.value for each in Known}
    assert not set(BY_NAME) & set(NOT_HERE)


def test_every_required_key_is_here() -> None:
    assert set(REQUIRED) <= set(BY_NAME)


def test_no_key_is_without_a_word_on_its_effect() -> None:
    assert all(row.effect.endswith(".") for row in KEYS)


def test_every_default_is_valid() -> None:
    for row in KEYS:
        if row.default is not None:
            assert row.check(row.default) == "", row.name


def test_all_keys_are_shown_where_none_is_named() -> None:
    known, unknown = show(DEFAULTS, (), GIVEN)
    assert [each.name for each in known] == [row.name for row in KEYS]
    assert unknown == ()
    assert len(known) <= key_table.MOST_KEYS


def test_keys_are_shown_by_name_in_any_case_and_unknown_ones_beside() -> None:
    known, unknown = show(
        DEFAULTS, ("heartbeatinterval", "Foo", "NUMBEROFCONNECTORS", "HeartbeatInterval"), GIVEN
    )
    shown = [(each.name, each.value, each.is_readonly) for each in known]
    assert shown == [("HeartbeatInterval", "300", False), ("NumberOfConnectors", "1", True)]
    assert unknown == ("Foo",)


def test_what_the_node_knows_better_is_shown_in_place_of_what_is_stored() -> None:
    stored = change(DEFAULTS, "HeartbeatInterval", "60").configuration
    known, _ = show(stored, ("HeartbeatInterval",), GIVEN | {"HeartbeatInterval": "900"})
    assert [each.value for each in known] == ["900"]


def test_what_the_node_knows_is_shown() -> None:
    known, _ = show(DEFAULTS, ("ConnectorPhaseRotation", "SecurityProfile"), GIVEN)
    assert [each.value for each in known] == ["0.RST,1.RST", "1"]


def test_a_secret_is_written_and_never_shown() -> None:
    found = change(DEFAULTS, "authorizationkey", "00112233445566778899aabbccddeeff")
    assert found.verdict is Verdict.ACCEPTED
    assert found.secret == bytes.fromhex("00112233445566778899aabbccddeeff")
    assert found.configuration == DEFAULTS
    known, _ = show(found.configuration, ("AuthorizationKey",), GIVEN)
    assert [(each.value, each.is_readonly) for each in known] == [(None, False)]


@pytest.mark.parametrize(
    "value",
    ["", "00", "0" * 30, "0" * 31, "0" * 33, "0" * 42, "g" * 32, "00 " * 16, "00\n" * 16, "٣" * 32],
)
def test_a_secret_that_is_none_is_rejected_and_in_no_text(value: str) -> None:
    found = change(DEFAULTS, "AuthorizationKey", value)
    assert (found.verdict, found.secret) == (Verdict.REJECTED, None)
    assert value == "" or value not in found.reason


@pytest.mark.parametrize("name", WRITABLE)
def test_a_key_is_set_stored_and_read_back(name: str) -> None:
    old = text(DEFAULTS, name)
    checks = BY_NAME[name].check
    candidates = ["true", "false", "0", "1", "7", "Voltage.L1,Current.Import"]
    new = next((each for each in candidates if checks(each) == "" and each != old), old)
    found = change(DEFAULTS, name.swapcase(), f" {new} ")
    assert (found.verdict, found.name, found.reason) == (Verdict.ACCEPTED, name, "")
    stored = msgspec.json.decode(msgspec.json.encode(found.configuration), type=Configuration)
    assert text(stored, name) == new
    others = [each for each in WRITABLE if each != name]
    assert [text(stored, each) for each in others] == [text(DEFAULTS, each) for each in others]


@pytest.mark.parametrize("name", [row.name for row in KEYS if row.access is KeyAccess.READ])
def test_a_key_that_can_only_be_read_is_not_changed(name: str) -> None:
    found = change(DEFAULTS, name, text(DEFAULTS, name, GIVEN))
    assert found.verdict is Verdict.REJECTED
    assert found.reason == f"{name}: it can only be read"
    assert found.configuration is DEFAULTS


@pytest.mark.parametrize("name", ["Foo", "", "HeartBeatInterval2", "x" * 5000, *NOT_HERE])
def test_an_unknown_key_is_not_supported(name: str) -> None:
    found = change(DEFAULTS, name, "1")
    assert (found.verdict, found.name) == (Verdict.NOT_SUPPORTED, "")
    assert found.configuration is DEFAULTS
    assert len(found.reason) < 100


@pytest.mark.parametrize("value", ["-1", "-0", "abc", "1.5", "", " ", "1e3", "٣", "9" * 5000, "+5"])
@pytest.mark.parametrize(
    "name",
    [
        "ClockAlignedDataInterval",
        "ConnectionTimeOut",
        "HeartbeatInterval",
        "MeterValueSampleInterval",
        "MinimumStatusDuration",
        "TransactionMessageAttempts",
        "TransactionMessageRetryInterval",
        "WebSocketPingInterval",
    ],
)
def test_a_number_that_is_none_is_rejected_and_the_old_one_stays(name: str, value: str) -> None:
    before = change(DEFAULTS, name, "7").configuration
    found = change(before, name, value)
    assert found.verdict is Verdict.REJECTED
    assert found.configuration is before
    assert keys.number(found.configuration, name) == 7


@pytest.mark.parametrize(
    "name",
    ["ClockAlignedDataInterval", "MeterValueSampleInterval", "WebSocketPingInterval"],
)
def test_0_switches_off(name: str) -> None:
    assert keys.number(change(DEFAULTS, name, "0").configuration, name) == 0


@pytest.mark.parametrize("value", ["yes", "1", "", "truefalse"])
def test_a_boolean_that_is_none_is_rejected(value: str) -> None:
    found = change(DEFAULTS, "LocalPreAuthorize", value)
    assert found.verdict is Verdict.REJECTED
    assert not keys.is_on(found.configuration, "LocalPreAuthorize")


@pytest.mark.parametrize("value", ["TRUE", "True", "true"])
def test_a_boolean_is_written_in_any_case(value: str) -> None:
    assert keys.is_on(
        change(DEFAULTS, "LocalPreAuthorize", value).configuration, "LocalPreAuthorize"
    )


def test_what_this_box_cannot_do_otherwise_has_one_value() -> None:
    found = change(DEFAULTS, "StopTransactionOnEVSideDisconnect", "false")
    assert found.verdict is Verdict.REJECTED
    assert "unplugged" in found.reason
    found = change(DEFAULTS, "UnlockConnectorOnEVSideDisconnect", "true")
    assert found.verdict is Verdict.REJECTED
    assert "fixed" in found.reason
    assert change(DEFAULTS, "ResetRetries", "3").verdict is Verdict.REJECTED


@pytest.mark.parametrize(
    "value",
    [
        "SoC",
        "Energy.Active.Export.Register",
        "Voltage,Foo",
        "Voltage.L4",
        "Current.Offered.L1",
        "Energy.Active.Import.Register.L1",
        ",".join(["Voltage"] * 21),
        "Voltage" + "," * 500,
    ],
)
def test_a_list_with_what_is_not_measured_is_rejected(value: str) -> None:
    found = change(DEFAULTS, "MeterValuesSampledData", value)
    assert found.verdict is Verdict.REJECTED
    assert found.configuration is DEFAULTS


def test_a_stored_value_that_is_not_valid_any_more_counts_as_not_set() -> None:
    stored = Configuration(values={"HeartbeatInterval": "-5", "NumberOfConnectors": "9"})
    assert keys.number(stored, "HeartbeatInterval") == 300
    assert keys.number(stored, "NumberOfConnectors") == 1
