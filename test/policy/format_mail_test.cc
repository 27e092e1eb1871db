// SPDX-License-Identifier: Apache-2.0
//
// format: mail as people's mail programs write it. None of it may be refused.
#include "test/policy/format_fixture.h"

namespace icm {
namespace {

class MailOfPeople : public FormatMailTest {};

TEST_F(MailOfPeople, outlook) {
  EXPECT_EQ(judged_text(R"mail(Received: from AM0PR01MB5123.eurprd01.prod.outlook.com
 ([fe80::1:2:3:4]) by AM0PR01MB5123.eurprd01.prod.outlook.com
 ([fe80::1:2:3:4%7]) with mapi id 15.20.9253.012; Sat, 21 Nov 2026
 08:00:00 +0000
From: "Lee, Ann" <ann@shop.example>
To: "bob@icloud.com" <bob@icloud.com>
Subject: =?iso-8859-1?Q?RE:_St=F6rung_im_Netz?=
Thread-Topic: =?iso-8859-1?Q?St=F6rung_im_Netz?=
Thread-Index: AQHYxyz123abc==
Date: Sat, 21 Nov 2026 08:00:00 +0000
Message-ID:
 <AM0PR01MB5123A1B2C3D4E5F6@AM0PR01MB5123.eurprd01.prod.outlook.com>
References: <1@icloud.com>
In-Reply-To: <1@icloud.com>
Accept-Language: de-DE, en-US
Content-Language: de-DE
X-MS-Has-Attach:
X-MS-TNEF-Correlator:
Content-Type: multipart/alternative;
	boundary="_000_AM0PR01MB5123A1B2C3D4E5F6AM0PR01MB5123eurp_"
MIME-Version: 1.0

--_000_AM0PR01MB5123A1B2C3D4E5F6AM0PR01MB5123eurp_
Content-Type: text/plain; charset="iso-8859-1"
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe

--_000_AM0PR01MB5123A1B2C3D4E5F6AM0PR01MB5123eurp_
Content-Type: text/html; charset="iso-8859-1"
Content-Transfer-Encoding: quoted-printable

<p>Gr=FC=DFe</p>

--_000_AM0PR01MB5123A1B2C3D4E5F6AM0PR01MB5123eurp_--
)mail"),
            "");
}

TEST_F(MailOfPeople, gmail) {
  EXPECT_EQ(judged_text(R"mail(MIME-Version: 1.0
From: Ann Lee <ann@shop.example>
Date: Sat, 21 Nov 2026 09:00:00 +0100
Message-ID: <CAF+mZ8=x_Yk2J3-4abcDEF@mail.gmail.com>
Subject: =?UTF-8?B?R3LDvMOfZSBhdXMgTcO8bmNoZW4g8J+MnQ==?=
To: =?UTF-8?Q?Bob_M=C3=BCller?= <bob@icloud.com>,
	"Eve (Home)" <eve@me.com>
Content-Type: multipart/alternative; boundary="000000000000a1b2c305f0e1d2c3"

--000000000000a1b2c305f0e1d2c3
Content-Type: text/plain; charset="UTF-8"

Hello
--000000000000a1b2c305f0e1d2c3
Content-Type: text/html; charset="UTF-8"

<div dir="ltr">Hello</div>

--000000000000a1b2c305f0e1d2c3--
)mail"),
            "");
}

TEST_F(MailOfPeople, apple_mail) {
  EXPECT_EQ(judged_text(R"mail(From: Ann Lee <ann@shop.example>
Content-Type: multipart/mixed;
	boundary="Apple-Mail=_0A1B2C3D-1111-2222-3333-444455556666"
Mime-Version: 1.0 (Mac OS X Mail 16.0 \(3826.100.1\))
Subject: Photos
Message-Id: <0A1B2C3D-1111-2222-3333-444455556666@shop.example>
Date: Sat, 21 Nov 2026 09:00:00 +0100
To: Bob <bob@icloud.com>
X-Mailer: Apple Mail (2.3826.100.1)


--Apple-Mail=_0A1B2C3D-1111-2222-3333-444455556666
Content-Transfer-Encoding: 7bit
Content-Type: text/plain;
	charset=us-ascii

Look
--Apple-Mail=_0A1B2C3D-1111-2222-3333-444455556666--
)mail"),
            "");
}

TEST_F(MailOfPeople, thunderbird_with_8_bit_text) {
  envelope.eight_bit_mime = true;
  EXPECT_EQ(judged_text(R"mail(Message-ID: <0a1b2c3d-1111-2222-3333-444455556666@shop.example>
Date: Sat, 21 Nov 2026 09:00:00 +0100
MIME-Version: 1.0
Subject: =?UTF-8?Q?Re=3A_Gr=C3=BC=C3=9Fe?=
From: Ann Lee <ann@shop.example>
To: bob@icloud.com
Content-Type: text/plain; charset=UTF-8; format=flowed
Content-Transfer-Encoding: 8bit

Grüße aus München
)mail"),
            "");
}

TEST_F(MailOfPeople, mailman_discussion_list) {
  from("list-bounces+bob=icloud.com@lists.shop.example");
  EXPECT_EQ(judged_text(R"mail(To: list@lists.shop.example
Date: Sat, 21 Nov 2026 09:00:00 +0100
Message-ID: <1@pc.local>
References: <0@elsewhere.example>
MIME-Version: 1.0
Content-Type: multipart/signed; micalg="pgp-sha512";
	protocol="application/pgp-signature"; boundary="Sig_/zZ.A=_b"
Precedence: list
List-Id: Talk about shops <list.lists.shop.example>
List-Unsubscribe: <mailto:list-leave@lists.shop.example>
List-Post: <mailto:list@lists.shop.example>
From: "Carl Corner via List" <list@lists.shop.example>
Reply-To: Carl Corner <carl@elsewhere.example>
Subject: [List] Re: doors

--Sig_/zZ.A=_b
Content-Type: text/plain

Doors!
--Sig_/zZ.A=_b
Content-Type: application/pgp-signature

-----BEGIN PGP SIGNATURE-----
-----END PGP SIGNATURE-----

--Sig_/zZ.A=_b--
_______________________________________________
List mailing list
)mail"),
            "");
}

TEST_F(MailOfPeople, s_mime_signed) {
  EXPECT_EQ(judged_text(R"mail(Date: Sat, 21 Nov 2026 09:00:00 +0100
MIME-Version: 1.0
To: bob@icloud.com
From: Ann Lee <ann@shop.example>
Subject: contract
Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="------------ms030201"
Message-ID: <5f0c6f3a@shop.example>

This is a cryptographically signed message in MIME format.

--------------ms030201
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: quoted-printable

Signed

--------------ms030201
Content-Type: application/pkcs7-signature; name="smime.p7s"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="smime.p7s"

MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgEFADCABgkqhkiG9w0BBwEAAKCC
--------------ms030201--
)mail"),
            "");
}

TEST_F(MailOfPeople, s_mime_encrypted) {
  EXPECT_EQ(judged_text(R"mail(From: Ann Lee <ann@shop.example>
To: bob@icloud.com
Subject: contract
Date: Sat, 21 Nov 2026 09:00:00 +0100
Message-ID: <6f0c6f3a@shop.example>
MIME-Version: 1.0
Content-Type: application/pkcs7-mime; name="smime.p7m"; smime-type=enveloped-data
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="smime.p7m"
Content-Description: S/MIME Encrypted Message

MIAGCSqGSIb3DQEHA6CAMIACAQAxggHfMIIB2wIBADCBwjCBszELMAkGA1UEBhMCREUxEzAR
)mail"),
            "");
}

TEST_F(MailOfPeople, calendar_invitation) {
  EXPECT_EQ(judged_text(R"mail(Sender: Calendar <calendar@shop.example>
From: Ann Lee <ann@shop.example>
Reply-To: Ann Lee <ann@shop.example>
To: "Bob O'Neil" <bob@icloud.com>
Subject: Invitation: Lunch @ Sat 21 Nov 2026 12:00 (bob@icloud.com)
Date: Sat, 21 Nov 2026 08:00:00 +0000
Message-ID: <calendar-0a1b2c3d-1111@shop.example>
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b1"

--b1
Content-Type: multipart/alternative; boundary="b1-inner"

--b1-inner
Content-Type: text/calendar; charset=UTF-8; method=REQUEST
Content-Transfer-Encoding: 7bit

BEGIN:VCALENDAR
END:VCALENDAR
--b1-inner--
--b1--
)mail"),
            "");
}

}  // namespace
}  // namespace icm
