"""文字 · The texts of the pages, Chinese first. Labels of facts and counters come from where they
are declared; here stands only what belongs to the pages themselves."""

from __future__ import annotations

from collections.abc import Callable

from services.web.language import Language

TEXTS: dict[str, tuple[str, str]] = {
    "jishi": ("纪实", "jishi"),
    "motto": ("每个数字都能打开，看到每一件事", "Every number opens to its deeds"),
    "board": ("看板", "Board"),
    "everywhere": ("全域", "Everywhere"),
    "as_of": ("数据截至", "As of"),
    "live": ("实时", "live"),
    "stale": ("连接中断，数字可能已旧", "Connection lost: the numbers may be old"),
    "behind": ("尚有 {n} 条未计入", "{n} facts not counted yet"),
    "four_acts": ("四件事", "The four acts"),
    "verified": ("其中已核实", "verified"),
    "map": ("区划", "Map"),
    "map_today": ("按现行区划", "On today's map"),
    "map_then": ("按当时区划", "On the map of the time"),
    "declared": ("承办声明", "as declared"),
    "areas_below": ("下级区域", "Areas below"),
    "no_areas": ("没有下级区域", "No areas below"),
    "all_counters": ("全部指标", "All numbers"),
    "headlines": ("公开数字", "Headline numbers"),
    "of_records": ("记录", "Records"),
    "of_registers": ("登记", "Registers"),
    "counter": ("指标", "Number"),
    "value": ("数值", "Value"),
    "area": ("区域", "Area"),
    "unit": ("单位", "Unit"),
    "sign_out": ("退出", "Sign out"),
    "other_language": ("English", "中文"),
    "explain_lead": ("这个数字由下列事实得来", "The facts this number is made of"),
    "contribution": ("计", "counts"),
    "happened": ("发生", "Happened"),
    "recorded": ("记录", "Recorded"),
    "what": ("事项", "What"),
    "where": ("何处", "Where"),
    "proof": ("凭证", "Proof"),
    "more": ("更多", "More"),
    "tables": ("台账", "Tables"),
    "tables_lead": (
        "一次录入，多张台账：每行注明案件与位置，可逐条打开。数字台账的起止日期须同时填写。",
        "Entered once, shown in many tables: each row names its case and position. A table of"
        " numbers needs both dates, or neither.",
    ),
    "columns": ("共 {n} 列", "{n} columns"),
    "comma": ("、", ", "),
    "from": ("自", "From"),
    "to": ("至", "To"),
    "nothing": ("没有事实", "No facts"),
    "story": ("经过", "The story"),
    "position": ("第 {n} 号", "no. {n}"),
    "state": ("状态", "State"),
    "receipt": ("受理号", "Receipt"),
    "clocks": ("时限", "Deadlines"),
    "due": ("截止", "due"),
    "missed": ("已逾期", "missed"),
    "next": ("可办", "What may come next"),
    "by": ("由", "by"),
    "late": ("补录", "entered late"),
    "confirmed": ("对方已确认", "confirmed by the other side"),
    "checked": ("已核验", "verified"),
    "raw": ("原始记录", "The record itself"),
    "back": ("返回", "Back"),
    "problem": ("出错了", "Something is wrong"),
    "reference": ("接口说明", "Reference of the interface"),
    "fields": ("字段", "Fields"),
    "required": ("必填", "required"),
    "answers": ("答复", "Answers"),
    "submit": ("提交", "Submit"),
    "optional": ("选填", "optional"),
    "occurred_at": ("发生时间（不填即现在）", "When it happened (now, where left out)"),
    "as_json": ("以 JSON 填写", "as JSON"),
    "new": ("新建", "New"),
    "cases": ("案件", "Cases"),
    "opened": ("开始", "Opened"),
    "book": ("纪实本", "Record book"),
    "book_of": ("编号 {person}", "No. {person}"),
    "book_all": ("全部", "All"),
    "book_period": ("期间", "Period"),
    "book_home": ("所在单位", "Home unit"),
    "book_empty": ("这一期间没有记录", "Nothing on record in this period"),
    "book_totals": ("已确认合计", "Confirmed, in all"),
    "book_confirmed": ("已确认", "Confirmed"),
    "book_unconfirmed": ("尚未确认", "Not confirmed yet"),
    "book_voided": ("已作废", "Taken back"),
    "book_to_answer": ("待我答复的质疑", "Challenges that wait for my answer"),
    "book_more": (
        "只列最近的部分：请按年或按月查看",
        "Only the latest are listed: look at a year or a month",
    ),
    "book_stands_in": ("计入", "Counts in"),
    "book_printed": ("打印用浏览器的“打印”", "To print, use the browser's own command"),
    "book_unit": ("办理单位", "unit that acted"),
    "book_area": ("所在区域", "area"),
    "book_home_unit": ("所在单位", "home unit"),
    "book_team": ("服务队", "team"),
    "book_home_community": ("居住地社区", "home community"),
    "book_paired_community": ("共建社区", "paired community"),
    "said_self": ("本人记录", "recorded by themselves"),
    "said_counterparty": ("对方记录", "recorded by the other side"),
    "said_organiser": ("组织者记录", "recorded by an organiser"),
    "said_import": ("导入", "imported"),
    "challenge": ("请求更正", "Ask for a correction"),
    "challenge_waits": ("已质疑，待答复", "Challenged, waits for an answer"),
    "challenge_missed": ("已质疑，逾期未答复", "Challenged, not answered in time"),
    "challenge_corrected": ("质疑后已更正", "Corrected after a challenge"),
    "challenge_upheld": ("质疑未采纳", "Upheld when challenged"),
    "challenge_answered": ("质疑已答复", "Challenge answered"),
    "corrected": ("已更正", "Corrected"),
    "show": ("查看", "Show"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "gap_days": ("隔 {n} 天", "{n} days later"),
}

Say = Callable[..., str]


def say_in(language: Language) -> Say:
    """A function that says a text in that language: `say("behind", n=3)`."""
    place = 0 if language == "zh" else 1

    def say(key: str, **values: object) -> str:
        text = TEXTS[key][place]
        return text.format(**values) if values else text

    return say
