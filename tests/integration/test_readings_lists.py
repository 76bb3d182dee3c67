"""Lists of ETFs under combined conditions: whatever a question demands counts, and nothing in it is passed over."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from agent.answer import Answer
from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings


def asked(database: Database, settings: Settings, question: str) -> Answer:
    answer = ask(database, question, settings=settings)
    assert answer.status == "answered", f"{question}: {answer.answer}"
    return answer


def codes(answer: Answer) -> set[str]:
    """The codes of the first table; none where nothing was found."""
    if not answer.tables:
        return set()
    table = answer.tables[0]
    place = next(table.columns.index(name) for name in ("코드", "code") if name in table.columns)
    return {row[place] for row in table.rows}


def ordered(answer: Answer) -> list[str]:
    table = answer.tables[0]
    return [row[table.columns.index("코드")] for row in table.rows]


def weights(database: Database, settings: Settings, stock: str) -> dict[str, float]:
    """The weight of a stock by ETF, as the plainest question tells it."""
    table = asked(database, settings, f"{stock} 담은 ETF 전부").tables[0]
    place = next(index for index, column in enumerate(table.columns) if "비중" in column)
    return {row[table.columns.index("코드")]: row[place] or 0.0 for row in table.rows}


def rows(database: Database, sql: str) -> list[tuple]:
    with database.engine("atlas_app").connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def found(database: Database, where: str) -> set[str]:
    return {row[0] for row in rows(database, f"SELECT code FROM etfs WHERE {where}")}


@pytest.mark.parametrize(
    ("question", "where"),
    [
        ("보수가 0.8%인 ETF", "fee_pct = 0.8"),
        ("총보수 0.5% 이상", "fee_pct >= 0.5"),
        ("순자산 1천억~5천억 사이 ETF", "aum_krw BETWEEN 1e11 AND 5e11"),
        ("순자산이 1~3조인 ETF", "aum_krw BETWEEN 1e12 AND 3e12"),
        ("국내 주식형 액티브 ETF", "active AND asset_class = '주식' AND index_market = '국내'"),
        ("KODEX 200보다 보수가 싼 ETF", "fee_pct < (SELECT fee_pct FROM etfs WHERE code = '069500')"),
        ("TIGER 200보다 늦게 상장한 액티브 ETF", "active AND listed > (SELECT listed FROM etfs WHERE code = '102110')"),
        ("ACE나 SOL ETF 전부", "brand IN ('ACE', 'SOL')"),
        ("이름에 반도체 들어간 ETF", "name LIKE '%반도체%'"),
        ("보수 0.3에서 0.5 사이 ETF", "fee_pct BETWEEN 0.3 AND 0.5"),
        ("상장한 지 3년 안 된 ETF", "listed >= '2023-07-28'"),
        ("보수 5bp 이하 ETF", "fee_pct <= 0.05"),
        ("삼성자산운용 말고 다른 운용사 액티브 ETF", "company <> '삼성자산운용' AND active"),
        ("ETFs with fees between 0.1% and 0.3%", "fee_pct BETWEEN 0.1 AND 0.3"),
        ("채권 빼고 보수 0.01% 이하인 ETF", "fee_pct <= 0.01 AND asset_class <> '채권'"),
    ],
)
def test_conditions_choose_what_sql_chooses(sample_database: Database, settings: Settings, question: str, where: str):
    assert codes(asked(sample_database, settings, question)) == found(sample_database, where)


def test_either_of_two_stocks_may_meet_its_own_condition(sample_database: Database, settings: Settings):
    one, two = (weights(sample_database, settings, stock) for stock in ("삼성전자", "SK하이닉스"))
    answer = asked(sample_database, settings, "삼전 30% 이상 또는 하이닉스 25% 이상인 etf")
    expected = {code for code in one | two if one.get(code, 0) >= 30 or two.get(code, 0) >= 25}
    assert codes(answer) == expected


def test_a_condition_binds_the_stock_it_stands_beside(sample_database: Database, settings: Settings):
    one, two = (weights(sample_database, settings, stock) for stock in ("삼성전자", "SK하이닉스"))
    answer = asked(sample_database, settings, "삼성전자 20% 이상 담고 SK하이닉스도 담은 ETF")
    assert codes(answer) == {code for code in one.keys() & two.keys() if one[code] >= 20}


@pytest.mark.parametrize(
    "question", ["삼성전자 비중이 SK하이닉스 비중보다 높은 ETF", "SK하이닉스보다 삼성전자를 더 많이 담은 ETF"]
)
def test_one_stock_may_have_to_outweigh_another(sample_database: Database, settings: Settings, question: str):
    one, two = (weights(sample_database, settings, stock) for stock in ("삼성전자", "SK하이닉스"))
    assert codes(asked(sample_database, settings, question)) == {c for c in one if one[c] > two.get(c, 0)}


@pytest.mark.parametrize(
    ("question", "order"),
    [
        (
            "2023년에 상장한 ETF 중 순자산 큰 순서로",
            "listed BETWEEN '2023-01-01' AND '2023-12-31' ORDER BY aum_krw DESC",
        ),
        ("미래에셋에서 나온 ETF 보수 비싼 순으로 5개", "company = '미래에셋자산운용' ORDER BY fee_pct DESC, code"),
        ("순자산 1조 이상 ETF 중 제일 싼 것", "aum_krw >= 1e12 ORDER BY fee_pct, code"),
    ],
)
def test_a_list_follows_the_measure_beside_the_order(
    sample_database: Database, settings: Settings, question: str, order: str
):
    first = rows(sample_database, f"SELECT code FROM etfs WHERE {order} LIMIT 1")[0][0]
    assert ordered(asked(sample_database, settings, question))[0] == first


@pytest.mark.parametrize(("words", "test"), [("10% 넘게 오른", lambda r: r > 10), ("수익률이 마이너스인", lambda r: r < 0),
                                             ("5% 이상 떨어진", lambda r: r <= -5)])  # fmt: skip
def test_a_bound_on_returns_is_kept(sample_database: Database, settings: Settings, words: str, test):
    """The return of July: the close of 31 July over that of 30 June."""
    closes = rows(
        sample_database,
        "SELECT a.code, (b.close / a.close - 1) * 100 FROM daily_prices a JOIN daily_prices b USING (code) "
        "WHERE a.date = '2026-06-30' AND b.date = '2026-07-31'",
    )
    answer = asked(sample_database, settings, f"7월에 {words} ETF")
    assert codes(answer) == {code for code, value in closes if test(float(value))}


def test_prices_of_one_day_are_ranked(sample_database: Database, settings: Settings):
    answer = asked(sample_database, settings, "7월 30일 거래량이 많은 ETF 5개")
    expected = rows(
        sample_database, "SELECT code FROM daily_prices WHERE date = '2026-07-30' ORDER BY volume DESC LIMIT 5"
    )
    assert ordered(answer) == [row[0] for row in expected]


def test_a_premium_may_be_far_on_either_side(sample_database: Database, settings: Settings):
    last = "date = (SELECT max(date) FROM daily_prices) AND nav > 0 AND close IS NOT NULL"
    expected = rows(
        sample_database, f"SELECT code FROM daily_prices WHERE {last} ORDER BY abs(close / nav - 1) DESC LIMIT 1"
    )
    assert ordered(asked(sample_database, settings, "괴리율 절댓값이 제일 큰 ETF"))[0] == expected[0][0]


def test_a_stock_and_its_receipts_are_one_company(sample_database: Database, settings: Settings):
    local, receipts = (weights(sample_database, settings, name) for name in ("2330 TT", "TSMC ADR"))
    assert codes(asked(sample_database, settings, "TSMC 담은 ETF 전부")) == set(local) | set(receipts)


@pytest.mark.parametrize(
    "question",
    [
        "TIGER 반도체TOP30 수수료", "KODEX 우주여행 보수", "PER 낮은 ETF", "그냥 좋은 ETF 하나 알려줘", "현재 코스피 지수 몇이야",
        "TIGER 반도체TOP30 지금 뭐 들고있음? top3만",
        "거의 삼성전자만 담은 ETF", "삼성전자만 담은 ETF", "삼성전자가 1위 종목인 ETF", "국내 주식 아닌 액티브 ETF", "에코프로테크놀로지스 담은 ETF",
        "KODEX 바이오TOP50 상위종목", "삼성전자 말고 다른 종목도 담은 ETF", "종목 수 50개 이상 ETF의 운용사별 개수", "7월에 삼성전자 5% 넘게 오른 ETF", "관심 ETF 중 비중이 가장 많이 바뀐 것은?",
    ],
)  # fmt: skip
def test_what_is_not_understood_or_not_known_is_never_passed_over(
    sample_database: Database, settings: Settings, question: str
):
    answer = ask(sample_database, question, settings=settings)
    assert answer.status in ("clarify", "refused"), answer.answer


@pytest.mark.parametrize(
    ("plain", "dressed"),
    [
        ("반도체 ETF 중 보수가 제일 싼 것은?", "안녕하세요! 혹시 반도체 ETF 중에서 보수가 제일 저렴한 게 뭔지 알려주실 수 있을까요? 감사합니다"),
        ("KODEX 200 보수", "투자 초보인데요, KODEX 200이라는 ETF의 총보수가 얼마인지 궁금합니다. 답변 부탁드려요!"),
        ("SK하이닉스를 가장 많이 담은 ETF", "SK하이닉쓰 제일 많이 든 etf"),
        ("KODEX 반도체 구성종목", "KODEX 반도체 구성종몫 알려죠"),
        ("SK하이닉스 비중이 높은 ETF 5개", "하이닉스비중높은etf5개"),
        ("KODEX 200 보수", "KODEX 200 수슈료"),
    ],
)  # fmt: skip
def test_courtesy_and_slips_change_nothing(sample_database: Database, settings: Settings, plain: str, dressed: str):
    one, two = (asked(sample_database, settings, question) for question in (plain, dressed))
    assert one.tables[0].rows[0][:2] == two.tables[0].rows[0][:2]


def test_what_is_offered_has_the_names_of_the_question(sample_database: Database, settings: Settings):
    answer = ask(sample_database, "KODEX 반도체랑 TIGER 200 중 뭐 사야돼", settings=settings)
    assert answer.suggestions
    assert not any("{" in suggestion for suggestion in answer.suggestions)


@pytest.mark.parametrize(("bound", "yes"), [(10, True), (60, False)])
def test_a_bound_on_one_weight_is_a_yes_or_no(sample_database: Database, settings: Settings, bound: int, yes: bool):
    answer = asked(sample_database, settings, f"KODEX 200 삼성전자 비중이 {bound}% 넘나요?")
    assert ("넘습니다" in answer.answer) is yes


def test_the_difference_of_two_fees_is_told(sample_database: Database, settings: Settings):
    fees = dict(rows(sample_database, "SELECT code, fee_pct FROM etfs WHERE code IN ('069500', '122630')"))
    answer = asked(sample_database, settings, "KODEX 200과 KODEX 레버리지의 보수 차이는 몇 %p?")
    assert f"{abs(fees['069500'] - fees['122630']):.3f}%p" in answer.answer


def test_several_days_are_told_one_by_one(sample_database: Database, settings: Settings):
    expected = rows(
        sample_database,
        "SELECT close FROM daily_prices WHERE code = '069500' AND date IN ('2026-07-30', '2026-07-31') ORDER BY date",
    )
    table = asked(sample_database, settings, "KODEX 200 7월 30일이랑 31일 종가").tables[0]
    assert [row[table.columns.index("종가(원)")] for row in table.rows] == [int(row[0]) for row in expected]


def test_places_are_counted_from_the_one_that_is_named(sample_database: Database, settings: Settings):
    expected = rows(sample_database, "SELECT code FROM etfs ORDER BY aum_krw DESC NULLS LAST LIMIT 4")
    assert ordered(asked(sample_database, settings, "순자산 2위부터 4위까지 ETF")) == [row[0] for row in expected[1:]]
    assert ordered(asked(sample_database, settings, "순자산 1위부터 3위까지 ETF")) == [row[0] for row in expected[:3]]


def test_the_weights_of_two_stocks_may_be_added(sample_database: Database, settings: Settings):
    one, two = (weights(sample_database, settings, stock) for stock in ("삼성전자", "SK하이닉스"))
    both = {code: one.get(code, 0) + two.get(code, 0) for code in one | two}
    answer = asked(sample_database, settings, "삼전 하닉 합쳐서 40% 넘는 etf")
    assert codes(answer) == {code for code, value in both.items() if value > 40}


def test_a_change_since_the_end_of_a_month_starts_there(sample_database: Database, settings: Settings):
    answer = asked(sample_database, settings, "KODEX 200 삼성전자 비중 6월말에서 7월말까지 어떻게 변했나요")
    days = [row[0] for row in answer.tables[0].rows]
    assert (days[0], days[-1]) == ("2026-06-30", "2026-07-31")


def test_outweighing_counts_a_stock_that_is_not_held_as_nothing(sample_database: Database, settings: Settings) -> None:
    samsung, hynix = (weights(sample_database, settings, name) for name in ("삼성전자", "SK하이닉스"))
    heavier = {code for code, weight in hynix.items() if weight > samsung.get(code, 0.0)}
    assert heavier - set(samsung), "the sample has an ETF that holds only one of them"
    for question in ("SK하이닉스 비중이 삼성전자보다 높은 ETF", "비중이 삼성전자보다 SK하이닉스가 큰 ETF 전부"):
        answer = asked(sample_database, settings, question)
        assert codes(answer) == heavier, question
        assert "담지 않은 종목" in answer.answer
    counted = asked(sample_database, settings, "삼성전자보다 하이닉스를 더 많이 담은 ETF 몇 개야")
    assert counted.tables[0].rows == [[len(heavier)]]
