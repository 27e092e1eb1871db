// SPDX-License-Identifier: Apache-2.0
//
// format: mail that programs write. None of it may be refused; where a program is sloppy the advice
// is told whole.
#include "test/policy/format_fixture.h"

namespace icm {
namespace {

class MailOfPrograms : public FormatMailTest {};

TEST_F(MailOfPrograms, cron) {
  from("root@host.shop.example");
  EXPECT_EQ(judged_text(R"mail(Received: by host.shop.example (Postfix, from userid 0)
	id 4XyZ12; Sat, 21 Nov 2026 08:00:01 +0000 (UTC)
From: root@host.shop.example (Cron Daemon)
To: root@host.shop.example
Subject: Cron <root@host> test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit
X-Cron-Env: <SHELL=/bin/sh>
X-Cron-Env: <HOME=/root>
Message-Id: <20261121080001.4XyZ12@host.shop.example>
Date: Sat, 21 Nov 2026 08:00:01 +0000 (UTC)

/etc/cron.daily/logrotate:
Fehler: Datei „x“ fehlt
)mail"),
            "");
}

TEST_F(MailOfPrograms, mail_command_of_a_script_without_mime) {
  from("root@host.shop.example");
  EXPECT_EQ(
      judged_text(R"mail(To: bob@icloud.com
Subject: backup done
Message-Id: <20261121080001.4XyZ12@host.shop.example>
Date: Sat, 21 Nov 2026 08:00:01 +0000 (UTC)
From: root <root@host.shop.example>

Größe: 12 GB
)mail"),
      "advice format.body-8bit: line 1 of the body has octets that are not ASCII, declared as "
      "7bit; declare \"Content-Transfer-Encoding: 8bit\" and send with BODY=8BITMIME, or encode "
      "the body (RFC 6152 section 3)");
}

TEST_F(MailOfPrograms, bounce_of_postfix) {
  from("<>");
  EXPECT_EQ(judged_text(R"mail(Received: by mail.shop.example (Postfix)
	id 4XyZ99; Sat, 21 Nov 2026 08:00:02 +0000 (UTC)
Date: Sat, 21 Nov 2026 08:00:02 +0000 (UTC)
From: MAILER-DAEMON@mail.shop.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bob@icloud.com
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="4XyZ98.1795248002/mail.shop.example"
Message-Id: <20261121080002.4XyZ99@mail.shop.example>

This is a MIME-encapsulated message.

--4XyZ98.1795248002/mail.shop.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mail.shop.example.

--4XyZ98.1795248002/mail.shop.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.shop.example

Final-Recipient: rfc822; nobody@elsewhere.example
Action: failed
Status: 5.1.1

--4XyZ98.1795248002/mail.shop.example
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: Bob <bob@icloud.com>
Date: broken

text
--4XyZ98.1795248002/mail.shop.example--
)mail"),
            "");
}

TEST_F(MailOfPrograms, bounce_of_a_message_with_8_bit_header_and_long_lines) {
  from("<>");
  const std::string found = judged_text(R"mail(Date: Sat, 21 Nov 2026 08:00:02 +0000 (UTC)
From: MAILER-DAEMON@mail.shop.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bob@icloud.com
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
Content-Transfer-Encoding: 8bit
Message-Id: <20261121080002.4XyZ99@mail.shop.example>

--b

Undelivered
--b
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

Subject: schöne Grüße

)mail" + std::string(1200, 'x') + "\n--b--\n");
  EXPECT_EQ(
      found,
      "advice format.body-line-length: line 10 of the body has 1200 octets, 998 are allowed; "
      "encode the body in quoted-printable or base64 before signing: mail servers break longer "
      "lines, and signatures with them (RFC 5322 section 2.1.1)");
}

TEST_F(MailOfPrograms, vacation_answer) {
  from("<>");
  EXPECT_EQ(judged_text(R"mail(X-Sieve: Pigeonhole Sieve 0.5.19
Message-ID: <dovecot-sieve-1795248002-123456-0@mail.shop.example>
Date: Sat, 21 Nov 2026 09:00:02 +0100
From: <ann@shop.example>
To: <bob@icloud.com>
Subject: Automatic reply: Hello
In-Reply-To: <1@icloud.com>
References: <1@icloud.com>
Auto-Submitted: auto-replied (vacation)
Precedence: bulk
X-Auto-Response-Suppress: All
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Ich bin bis Montag unterwegs. Schöne Grüße
)mail"),
            "");
}

TEST_F(MailOfPrograms, bounce_that_an_alias_sends_to_two) {
  from("<>");
  envelope.recipients.push_back(recipient("eve@icloud.com"));
  EXPECT_EQ(
      judged_text(R"mail(Date: Sat, 21 Nov 2026 08:00:02 +0000
From: MAILER-DAEMON@mail.shop.example
Subject: Delayed Mail (still being retried)
To: office@shop.example
Auto-Submitted: auto-replied
Message-Id: <20261121080002.4XyZ99@mail.shop.example>

Later
)mail"),
      "advice format.null-sender-several: a message from <> to 2 recipients; send notices one "
      "by one (RFC 5321 section 4.5.5)");
}

TEST_F(MailOfPrograms, web_form_with_a_sloppy_mailer) {
  from("www-data@web.shop.example");
  EXPECT_EQ(
      judged_text(R"mail(To: Bob <bob@icloud.com>
Subject: Your request
X-PHP-Originating-Script: 33:form.php
From: Shop Ltd. <info@shop.example>
Reply-To: Eve@shop.example <eve@shop.example>
Content-Type: text/html; charset=utf-8;
Content-Transfer-Encoding: 8bit
Message-Id: <20261121080001.4XyZ13@web.shop.example>
Date: Sat, 21 Nov 2026 08:00:01 GMT

<p>Grüße</p>
)mail"),
      "advice format.address-syntax: Reply-To is \"Eve@shop.example <eve@shop.example>\": "
      "offset 18: expected \",\" or the end (a display name with \"@\" must be quoted), found "
      "\"<\"; separate addresses by commas and quote names (RFC 5322 section 3.4)\n"
      "advice format.address-quoting: the display name Shop Ltd. has a dot outside quotes; "
      "write \"\\\"Shop Ltd.\\\" <info@shop.example>\" (RFC 5322 section 4.1)\n"
      "advice format.date-zone-name: Date \"Sat, 21 Nov 2026 08:00:01 GMT\" has a name for the "
      "zone; write \"Date: Sat, 21 Nov 2026 08:00:01 +0000\" (RFC 5322 section 3.3)\n"
      "advice format.mime-version: there are Content fields but no MIME-Version; add "
      "\"MIME-Version: 1.0\" (RFC 2045 section 4)");
}

TEST_F(MailOfPrograms, newsletter) {
  from("bounce-12345-bob=icloud.com@news.shop.example");
  EXPECT_EQ(judged_text(R"mail(From: "Shop.example" <news@shop.example>
To: bob@icloud.com
Subject: =?utf-8?Q?Winter=20is=20coming=20=E2=9D=84?=
Date: Sat, 21 Nov 2026 08:00:00 +0000
Message-ID: <0102018f0a1b2c3d-0a1b2c3d-1111-2222-3333-444455556666-000000@news.shop.example>
List-Unsubscribe: <https://shop.example/u/1>, <mailto:u@shop.example>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Feedback-ID: 1:news:shop
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="=_b1"

--=_b1
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Winter
--=_b1
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>Winter</p>
--=_b1--
)mail"),
            "");
}

}  // namespace
}  // namespace icm
