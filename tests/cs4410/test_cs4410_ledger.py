"""The ledger of the assignment, its editions, and the model whose answers name its rules."""

from __future__ import annotations

from conformance.cs4410 import dialect, ledger, model

LEDGER = ledger.load()


def test_the_model_names_only_known_requirements() -> None:
    assert {*model.RULES.values(), *model.WORD_RULES.values()} <= set(LEDGER)


def test_the_model_has_a_rule_for_every_kind_of_reply() -> None:
    assert set(model.RULES) == (dialect.KINDS - {"need"}) | {dialect.ERROR}


def test_for_cs4411_the_backup_is_a_should() -> None:
    extra = ledger.load("4411")
    for name, requirement in LEDGER.items():
        if name.startswith("backup."):
            assert (requirement.level, extra[name].level) == ("MUST", "SHOULD")
            assert extra[name].rule == requirement.rule
        else:
            assert extra[name] == requirement
    assert sum(name.startswith("backup.") for name in LEDGER) > 0
    assert list(extra) == list(LEDGER)
