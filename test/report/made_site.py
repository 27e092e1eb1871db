# SPDX-License-Identifier: Apache-2.0
"""A site with a past: two weeks of a decision log, a mail server's log with Apple's answers, and a
configuration, all of them made here. They end at the hour that has just begun, since what Apple
answered weeks ago is not learnt from.
"""
import datetime
import json
import math
import pathlib
import random
import subprocess

NOW = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
DAYS = 14

RULES = {  # rule: (fix, what Apple would answer)
    "list_unsubscribe.post-missing": (
        "add the header List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "no answer of Apple's is known; it is a requirement all the same"),
    "alignment.spf-fail": (
        "add ip4:192.0.2.7 to the SPF record of shop.example",
        "554 5.7.1 [HME1] This message was blocked for failing both SPF and DKIM authentication checks"),
    "suppression.hard-bounce": (
        "icloud-milterctl suppress show gone@icloud.com", "550 5.1.1 user does not exist"),
    "format.date-past": ("send it when it is written", ""),
    "throttle.rate": ("nothing, the mail goes later",
                      "421 [HCM1] mail from this address deferred, or 451 4.7.1 Service unavailable"),
}
SENDERS = ["news@shop.example", "offers@shop.example", "ann@corp.example", "tickets@events.example",
           "noreply@bank.example", "bob@corp.example"]

# What stands in a log since somebody wanted it to stand there.
HOSTILE = '"><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>\x1b[2J\u202e\'&amp;'

CONFIG = """
log: {{destination: stderr, decisions: {folder}/decisions.jsonl}}
control: {{socket: {folder}/control}}
socket: {{address: "unix:{folder}/milter.sock"}}
store: {{path: {folder}/store.db}}
replies: {{book: {folder}/replies.db, log: {folder}/mail.log}}
egress: {{addresses: [192.0.2.7], helo: mail.corp.example}}
streams:
  - {{name: news, kind: bulk, from_domains: [shop.example]}}
throttle:
  mode: enforce
  limits:
    - {{name: hourly, per: all, count: messages, at_most: 500, within: 1h}}
    - {{name: news-daily, per: stream, count: recipients, at_most: 2000, within: 1d}}
"""


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z"


def decision(time, number, sender, verdict="accept", findings=(), event="message", stream=""):
    found = [{"policy": rule.split(".")[0], "rule": rule, "mode": "enforce" if effect != "accept" else "observe",
              "weight": "violation", "effect": effect, "would": would,
              "held_back": "" if effect != "accept" else "mode observe", "reply": "550 5.7.1 no",
              "evidence": "what was found", "fix": RULES.get(rule, ("", ""))[0],
              "prediction": RULES.get(rule, ("", ""))[1]} for rule, effect, would in findings]
    return {"time": stamp(time), "event": event, "queue_id": f"4{number:07X}", "role": "gate",
            "origin": "submission", "client": "192.0.2.9", "mail_from": sender,
            "recipients": [f"someone{number % 700}@icloud.com"], "apple_recipients": 1,
            "from": [sender] if event == "message" else [], "message_id": f"<{number}@corp.example>",
            "class": "bulk" if "news" in sender else "transactional", "stream": stream,
            "verdict": verdict, "policy": found[0]["policy"] if verdict != "accept" else "",
            "rule": found[0]["rule"] if verdict != "accept" else "", "reply": "", "ms": 3, "bytes": 4096,
            "findings": found}


def decisions(days=DAYS, per_hour=12):
    """Two weeks: busier by day, a bad mailing three days ago."""
    chance = random.Random(8)
    number = 0
    for hour in range(days * 24):
        begin = NOW - datetime.timedelta(hours=days * 24 - hour)
        busy = 1 + 0.8 * math.sin((begin.hour - 9) / 24 * 2 * math.pi) - (0.5 if begin.weekday() > 4 else 0)
        for _ in range(int(per_hour * busy * chance.uniform(0.7, 1.3))):
            number += 1
            time = begin + datetime.timedelta(seconds=chance.randrange(3600))
            sender = chance.choices(SENDERS, weights=[40, 12, 25, 10, 8, 5])[0]
            draw = chance.random()
            is_bad_day = begin.date() == (NOW - datetime.timedelta(days=3)).date() and sender == "news@shop.example"
            if is_bad_day and draw < 0.5:
                yield decision(time, number, sender,
                               findings=[("list_unsubscribe.post-missing", "accept", "reject")])
            elif draw < 0.03:
                yield decision(time, number, sender, findings=[("alignment.spf-fail", "accept", "reject")])
            elif draw < 0.06:
                yield decision(time, number, sender, "reject",
                               [("suppression.hard-bounce", "reject", "reject")], event="recipient")
            elif draw < 0.07:
                yield decision(time, number, sender, "reject", [("format.date-past", "reject", "reject")])
            elif draw < 0.10 and begin.hour in (9, 10, 11):
                yield decision(time, number, sender, "defer", [("throttle.rate", "defer", "defer")])
            else:
                yield decision(time, number, sender)


def hostile_decisions():
    time = NOW - datetime.timedelta(hours=30)
    made = decision(time, 0xBAD, HOSTILE, "reject", [("format.date-past", "reject", "reject")])
    made["queue_id"] = HOSTILE
    made["findings"][0]["fix"] = HOSTILE * 40
    made["findings"][0]["prediction"] = HOSTILE
    made["findings"].append(dict(made["findings"][0], rule=HOSTILE, policy=HOSTILE))
    yield made


ANSWERS = [
    "250 2.0.0 Ok: queued as 1A2B3C4D5E",
    "554 5.7.1 [HME1] This message was blocked for failing both SPF and DKIM authentication checks. "
    "See https://support.apple.com/en-us/HT204137 for mailing best practices",
    "550 5.1.1 <gone@icloud.com>: user does not exist",
    "421 [HCM1] Your mail from 192.0.2.7 was deferred",
]


def mail_log():
    """As Postfix writes it, with times that need no year."""
    chance = random.Random(9)
    for i in range(1500):
        time = NOW - datetime.timedelta(minutes=i * 6 + 1)
        queue_id = f"5{i:07X}"
        answer = chance.choices(ANSWERS, weights=[93, 3, 3, 1])[0]
        status = {"2": "sent", "5": "bounced", "4": "deferred"}[answer[0]]
        said = f"({answer})" if status == "sent" else (
            f"(host mx01.mail.icloud.com[17.57.152.5] said: {answer} (in reply to RCPT TO command))")
        yield (time, f"{time.strftime('%Y-%m-%dT%H:%M:%S.000000+00:00')} mail postfix/smtp[77]: {queue_id}: "
               f"to=<someone{i % 700}@icloud.com>, relay=mx01.mail.icloud.com[17.57.152.5]:25, delay=1, "
               f"delays=0/0/0.5/0.5, dsn={answer[0]}.0.0, status={status} {said}")


class MadeSite:
    """In `folder`, which has to exist."""

    def __init__(self, folder, program):
        self.folder = pathlib.Path(folder)
        self.program = program
        self.config = self.folder / "milter.conf"
        self.log = self.folder / "decisions.jsonl"
        self.config.write_text(CONFIG.format(folder=folder))

    def write_log(self, *parts):
        with open(self.log, "w", encoding="utf-8") as log:
            for one in parts:
                for made in one:
                    log.write(json.dumps(made) + "\n")

    def write_mail_log(self):
        lines = [line for _, line in sorted(mail_log())]
        (self.folder / "mail.log").write_text("\n".join(lines) + "\n")

    def learn(self):
        self.write_mail_log()
        return self.run("replies", "follow", "--once", "--log", str(self.folder / "mail.log"))

    def run(self, *words, given=b""):
        done = subprocess.run([self.program, *words, "--config", str(self.config)], input=given,
                              capture_output=True, timeout=400)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def report(self, *words):
        return self.run("report", "--now", stamp(NOW), *words)
