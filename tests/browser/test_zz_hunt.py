from __future__ import annotations
import json, re
import datetime as dt
from playwright.sync_api import expect
from tests.browser.dashboard import PHONE, WIDE, Dashboard
from tests.browser.readable import unreadable
from tests.browser.story import Story
from tests.e2e.cloud import Cloud, fresh_id, status
SIDE = "() => [document.documentElement.scrollWidth - document.documentElement.clientWidth, [...document.querySelectorAll('main *')].filter(e => { const r=e.getBoundingClientRect(); return r.width && r.right > innerWidth + 1 && getComputedStyle(e).position !== 'absolute' }).slice(0,5).map(e=>e.className+':'+e.tagName)]"
OUT = "/tmp/dashx/pics/"

def shots(d, name):
    for suffix, size in (("", WIDE), ("-390", PHONE), ("-360", {"width": 360, "height": 740})):
        d.page.set_viewport_size(size)
        print(name, suffix, d.page.evaluate(SIDE))
        d.page.screenshot(path=f"{OUT}{name}{suffix}.png", full_page=True)
    d.page.set_viewport_size(WIDE)
    print(name, 'axe', [x[:300] for x in unreadable(d.page)])

def test_odd(cloud: Cloud, dashboard: Dashboard) -> None:
    user = cloud.user(tenant=0)
    job_id = fresh_id("Größe & #1 100% /a?b=c ")+" 報告"
    s = Story(cloud, user, job_id)
    s.tell("x" * 1900)
    s.tell("هذه رسالة طويلة من اليمين إلى اليسار: 42 مهمة", agentName="وكيل الخرائط")
    s.tell("<b>bold</b> " + "W" * 300, agentName="N" * 120)
    s.tell("tool", status="calling_tool", toolName="t" * 120, agentName="N" * 120)
    s.tell("big", metadata=json.dumps({"text": "m" * 9000, "sessionId": "s" * 120}))
    from urllib.parse import quote
    dashboard.open(fragment="#job=" + quote(job_id, safe=""))
    dashboard.sign_in(user)
    dashboard.expect_whole(5)
    print(dashboard.page.locator("#job-id").inner_text() == job_id, dashboard.page.url)
    shots(dashboard, "odd")
    row = dashboard.entries.filter(has_text="big")
    row.get_by_role("button", name="Details of status").click()
    expect(row).to_contain_text("All of its metadata")
    dashboard.page.screenshot(path=OUT + "odd-detail.png")
    print('axe', [x[:300] for x in unreadable(dashboard.page)])
    dashboard.page.reload()
    dashboard.expect_whole(5)
    # back / forward
    dashboard.page.get_by_role("link", name="New").click()
    dashboard.page.go_back()
    dashboard.expect_whole(5)
    dashboard.page.go_forward()
    expect(dashboard.complaint).to_be_visible()

def test_three_days(cloud: Cloud, dashboard: Dashboard) -> None:
    s = Story(cloud, cloud.user(tenant=0), fresh_id("days"))
    rows = [dict(message="start", at=0, status="loading_agents", agentName=None)]
    for i in range(6):
        rows.append(dict(message=f"step {i}", at=i * 43200 + 10, status="agent_invoking", agentName=f"Agent {i}"))
        rows.append(dict(message=f"done {i}", at=i * 43200 + 40000, status="agent_complete", agentName=f"Agent {i}"))
    s.tell_at_once(*rows, seconds_ago=3 * 86400)
    dashboard.watch(s.user, s.job_id)
    shots(dashboard, "days")

def test_no_agents(cloud: Cloud, dashboard: Dashboard) -> None:
    s = Story(cloud, cloud.user(tenant=0), fresh_id("plain"))
    s.tell("only the orchestrator", agentName=None, status="validating")
    dashboard.watch(s.user, s.job_id)
    shots(dashboard, "plain")

def test_skew(cloud: Cloud, new_dashboard) -> None:
    s = Story(cloud, cloud.user(tenant=0), fresh_id("skew"))
    s.tell("now")
    for minutes in (-10, 10):
        d = new_dashboard()
        d.page.add_init_script(f"const real = Date.now; Date.now = () => real() + {minutes * 60000};")
        d.watch(s.user, s.job_id)
        expect(d.job_state).to_have_text("Running")
        print(minutes, d.page.locator(".numbers").inner_text().replace("\n", " "), d.in_job_list(s.job_id).inner_text().replace("\n", " "), d.page.locator(".timeline-sum").inner_text())

def test_bad_link(cloud: Cloud, dashboard: Dashboard) -> None:
    # expired view token
    token = cloud.view_token("somebody", "riverton", job_ids=["x"], ttl=1) if False else None
    dashboard.expected = re.compile("401|403|Unauthorized|WebSocket")
    parts = cloud.view_token("somebody", "riverton", job_ids=["x"]).split(".")
    import base64
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    claims["exp"] = claims["iat"] - 10 if "iat" in claims else 1
    bad = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    dashboard.open(fragment=f"#viewToken={parts[0]}.{bad}.{parts[2]}&job=x")
    dashboard.page.wait_for_timeout(4000)
    dashboard.page.screenshot(path=OUT + "expired.png")
    print(dashboard.page.locator("body").inner_text()[:800])
    dashboard.open(fragment="#viewToken=garbage&job=x")
    dashboard.page.reload()
    dashboard.page.wait_for_timeout(1500)
    print('garbage:', dashboard.page.locator("body").inner_text()[:600])
