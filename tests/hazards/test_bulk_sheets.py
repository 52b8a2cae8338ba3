"""The ledger to Excel and back: what each row would do, conflicts told, applied as one act."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from gridwarden.settings import Settings
from hazards.duty_cases import Town, town_of

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def town(module_city: Settings, module_client: TestClient) -> Iterator[Town]:
    yield town_of(module_city, module_client)


def taken(town: Town, query: str, lang: str = "zh") -> tuple[Workbook, Worksheet, dict[str, int]]:
    """The workbook of a filter, its sheet, and the columns by their headers."""
    url = f"/api/hazards/workbook.xlsx?{query}&lang={lang}"
    answer = town.http.get(url, headers=town.key("supervisor"))
    assert answer.status_code == 200, answer.text
    book = load_workbook(io.BytesIO(answer.content))
    sheet = book.worksheets[0]
    return book, sheet, {str(cell.value): i for i, cell in enumerate(sheet[1], start=1)}


def row_of(sheet: Worksheet, at: dict[str, int], case: dict[str, Any]) -> int:
    ids = {str(sheet.cell(r, at["id"]).value): r for r in range(2, sheet.max_row + 1)}
    return ids[str(case["id"])]


def brought(town: Town, book: Workbook, status: int = 201) -> Any:
    out = io.BytesIO()
    book.save(out)
    files = {"file": ("台账.xlsx", out.getvalue(), SHEET)}
    url = "/api/hazards/sheets?lang=en"
    answer = town.http.post(url, files=files, headers=town.key("supervisor"))
    assert answer.status_code == status, answer.text
    return answer.json()


def now(town: Town, case: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = town.http.get(
        f"/api/hazards/{case['id']}", headers=town.key("supervisor")
    ).json()
    return told


def test_a_workbook_is_made_to_be_edited(town: Town) -> None:
    town.moved(town.found(category="gas", place_words="=HYPERLINK(1)"), "register", "assess")
    book, sheet, at = taken(town, "category=gas")
    assert sheet.title == "隐患台账" and sheet.freeze_panes == "B2" and sheet.auto_filter.ref
    assert {"隐患编号", "状态", "隐患等级", "责任单位", "办理动作", "办理意见"} <= at.keys()
    hidden = [n for n in at if sheet.column_dimensions[_letter(sheet, at[n])].hidden]
    assert hidden == ["id", "version", "base"]
    place = sheet.cell(2, at["地点"])
    assert place.value == "=HYPERLINK(1)" and place.data_type == "s"
    lists = {v.formula1: str(v.sqref) for v in sheet.data_validations.dataValidation}
    assert len(lists) == 4 and book.worksheets[1].sheet_state == "hidden"
    offered = {str(c.value) for row in book.worksheets[1].iter_rows() for c in row if c.value}
    assert {"一般", "较大", "重大", "四建公司", "交办"} <= offered
    planner = town.http.get("/api/hazards/workbook.xlsx", headers=town.key("planner"))
    assert planner.status_code == 200
    assert (
        town.http.get("/api/hazards/workbook.xlsx", headers=town.key("viewer")).status_code == 403
    )


def _letter(sheet: Worksheet, column: int) -> str:
    return str(sheet.cell(1, column).column_letter)


def test_rows_are_unchanged_changed_in_conflict_or_refused_and_applied_as_one_act(
    town: Town,
) -> None:
    cases = [town.moved(town.found(category="power"), "register", "assess") for _ in range(6)]
    same, graded, assigned, clash, locked, both = cases
    book, sheet, at = taken(town, "category=power")

    def put(case: dict[str, Any], column: str, value: str) -> None:
        sheet.cell(row_of(sheet, at, case), at[column]).value = value

    put(graded, "隐患等级", "重大")
    put(assigned, "责任单位", "四建公司")
    put(assigned, "责任人", "李工")
    put(clash, "责任人", "表格里的人")
    put(clash, "地点", "东门")
    put(locked, "状态", "已销号")
    put(both, "办理动作", "核实不属隐患")
    put(both, "隐患等级", "一般")
    headers = {**town.key("supervisor", "陈科长"), "If-Match": f'"{clash["version"]}"'}
    changed = {"person_responsible": "后来的人"}
    url = f"/api/hazards/{clash['id']}"
    assert town.http.patch(url, json=changed, headers=headers).status_code == 200

    told = brought(town, book)
    lines = {one["case"]: one for one in told["report"]}
    assert {i: lines[c["id"]]["result"] for i, c in enumerate(cases)} == {
        0: "unchanged", 1: "changed", 2: "changed", 3: "conflict", 4: "refused", 5: "refused"
    }  # fmt: skip
    cell = lines[clash["id"]]["cells"]["person_responsible"]
    assert (cell["sheet"], cell["now"], cell["by"]) == ("表格里的人", "后来的人", "陈科长")
    assert lines[assigned["id"]]["act"] == "assign" and lines[graded["id"]]["act"] == "edit"
    assert "Grey columns" in lines[locked["id"]]["why"] and "State" in lines[locked["id"]]["why"]
    assert "does not change" in lines[both["id"]]["why"]
    assert [now(town, one)["version"] for one in (graded, assigned)] == [3, 3], (
        "nothing is done yet"
    )

    apply = f"/api/hazards/sheets/{told['id']}/apply"
    done = town.http.post(apply, json={}, headers=town.key("supervisor")).json()
    assert done["applied"] and {one["id"] for one in done["done"]} == {graded["id"], assigned["id"]}
    after = now(town, assigned)
    assert (after["state"], after["org_id"]) == ("assigned", town.org)
    assert after["person_responsible"] == "李工" and now(town, graded)["grade"] == "major"
    again = town.http.post(apply, json={}, headers=town.key("supervisor"))
    assert again.status_code == 409
    undo = f"/api/hazards/bulk/{done['batch']}/undo"
    back = town.http.post(undo, json={}, headers=town.key("supervisor")).json()
    assert len(back["done"]) == 2 and now(town, assigned)["state"] == "assessed"
    assert now(town, graded)["grade"] == "serious" and now(town, same)["version"] == 3


def test_what_others_changed_in_other_cells_is_no_conflict_and_words_of_both_languages_are_read(
    town: Town,
) -> None:
    case = town.moved(town.found(category="welding"), "register", "assess")
    book, sheet, at = taken(town, "category=welding", "en")
    headers = {**town.key("supervisor"), "If-Match": '"3"'}
    url = f"/api/hazards/{case['id']}"
    town.http.patch(url, json={"description": "焊接作业无监护"}, headers=headers)
    row = row_of(sheet, at, case)
    sheet.cell(row, at["Grade"]).value = "一般"
    sheet.cell(row, at["Act to do"]).value = "dismiss: no hazard"
    refused = brought(town, book)["report"][0]
    assert refused["result"] == "refused"  # a grade and a dismissal are two acts
    sheet.cell(row, at["Act to do"]).value = None
    (line,) = brought(town, book)["report"]
    assert line["result"] == "changed" and line["said"] == {"set": {"grade": "general"}}
    for column, value, wrong in (
        ("Grade", "urgent", "no grade"),
        ("Responsible organisation", "没有的公司", "no organisation"),
        ("Act to do", "burn", "no act"),
    ):
        was = sheet.cell(row, at[column]).value
        sheet.cell(row, at[column]).value = value
        (line,) = brought(town, book)["report"]
        assert line["result"] == "refused" and wrong in line["why"], line
        sheet.cell(row, at[column]).value = was


def test_one_row_that_cannot_be_does_not_spoil_the_others(town: Town) -> None:
    one, two, three = (town.moved(town.found(category="welding"), "register") for _ in range(3))
    book, sheet, at = taken(town, "category=welding", "en")
    name = next(n for n in at if "person" in n.lower())
    for case, said in ((one, "x" * 200), (two, "王")):
        sheet.cell(row_of(sheet, at, case), at[name]).value = said
    sheet.cell(row_of(sheet, at, three), at[name]).value = '=HYPERLINK("https://example.org")'
    sheet.cell(sheet.max_row + 1, at["id"]).value = "²"
    told = brought(town, book)
    counts = told["counts"]
    assert (counts["refused"], counts["changed"]) == (3, 1), told["report"]
    formula = next(line for line in told["report"] if line["case"] == three["id"])
    assert formula["result"] == "refused" and "result was not saved" in formula["why"]
    assert "responsible: a formula" in formula["why"], "and the name is not wiped"
    long = next(line for line in told["report"] if line["case"] == one["id"])
    assert long["result"] == "refused" and "esponsible" in long["why"]


def test_a_workbook_of_somebody_else_or_without_its_hidden_columns_is_refused(town: Town) -> None:
    book, sheet, at = taken(town, "state=open")
    sheet.delete_cols(at["version"])
    assert "hidden columns" in brought(town, book, 400)["detail"]
    other = Workbook()
    other.active.append(["隐患编号", "地点"])
    other.active.append(["1", "x"])
    brought(town, other, 400)
    files = {"file": ("x.xlsx", b"PK\x03\x04 no workbook", SHEET)}
    url = "/api/hazards/sheets"
    assert town.http.post(url, files=files, headers=town.key("supervisor")).status_code == 400
    assert town.http.post(url, data={"x": "1"}, headers=town.key("supervisor")).status_code == 400


def test_the_page_shows_what_would_change_before_it_does(town: Town) -> None:
    case = town.moved(town.found(category="petition"), "register", "assess")
    book, sheet, at = taken(town, "category=petition")
    sheet.cell(row_of(sheet, at, case), at["责任人"]).value = "赵六"
    out = io.BytesIO()
    book.save(out)
    files = {"file": ("台账.xlsx", out.getvalue(), SHEET)}
    headers = town.key("supervisor")
    sent = town.http.post("/hazards/sheets", files=files, headers=headers, follow_redirects=False)
    where = sent.headers["location"]
    shown = town.http.get(f"{where}?lang=en", headers=headers).text
    assert "赵六" in shown and "Apply the 1 changed rows" in shown
    done = town.http.post(where, data={}, headers=headers, follow_redirects=False)
    assert done.status_code == 303 and now(town, case)["person_responsible"] == "赵六"
    again = town.http.post(f"{where}?lang=en", data={}, headers=headers)
    assert again.status_code == 409 and "applied before" in again.text
