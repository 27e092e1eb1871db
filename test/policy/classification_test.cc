// SPDX-License-Identifier: Apache-2.0
#include "policy/classification.h"

#include <gtest/gtest.h>

#include "test/support/mail_text.h"

namespace icm {
namespace {

Classification classified(std::string_view header, std::string_view reverse_path = "a@shop.example",
                          const std::vector<StreamConfig>& streams = {},
                          std::string_view login = "") {
  Envelope envelope;
  envelope.reverse_path = ReversePath::from(reverse_path);
  envelope.login = login;
  const HeaderList headers = mail_text(header).headers;
  Result<std::vector<Address>> authors = fail(Code::syntax, "there is no From field");
  if (const auto from = headers.first("From")) authors = parse_address_list(from->value);
  return classify(streams, envelope, headers, authors);
}

// Streams by login, by header, by From domain and by envelope sender.
std::vector<StreamConfig> streams() {
  StreamConfig receipts;
  receipts.name = "receipts";
  receipts.kind = StreamKind::transactional;
  receipts.logins = {"checkout"};
  receipts.header = "X-Stream: Receipts";
  StreamConfig news;
  news.name = "news";
  news.from_domains = {*Domain::parse("news.shop.example"), *Domain::parse("bücher.example")};
  news.sender_domains = {*Domain::parse("bounce.shop.example")};
  return {receipts, news};
}

TEST(Classification, reads_the_signals_of_a_header) {
  using enum MailClass;
  struct Case {
    std::string_view header;
    MailClass mail_class;
    std::string_view reason;
  };
  for (const auto& [header, mail_class, reason] : {
           Case{"Subject: hello\n", personal, "no sign of a list"},
           Case{"", personal, "no sign of a list"},
           Case{"List-Unsubscribe: <https://a.example/>\n", bulk, "List-Unsubscribe"},
           Case{"LIST-UNSUBSCRIBE-POST: List-Unsubscribe=One-Click\n", bulk,
                "List-Unsubscribe-Post"},
           Case{"List-Id: <news.shop.example>\n", bulk, "List-Id"},
           Case{"Precedence: bulk\n", bulk, "Precedence: bulk"},
           Case{"Precedence: Junk (sorry)\n", bulk, "Precedence: junk"},
           Case{"Precedence: list\n", discussion, "Precedence: list"},
           Case{"Precedence: first-class\n", personal, "no sign of a list"},
           Case{"Feedback-ID: 1:2:3:shop\n", bulk, "Feedback-ID"},
           Case{"X-Campaign-ID: 17\n", bulk, "X-Campaign-ID"},
           Case{"X-SES-Outgoing: 1\n", bulk, "X-SES-Outgoing"},
           Case{"X-MC-Tags: spring\n", bulk, "X-MC-Tags"},
           Case{"X-MC-Unique: 8a2f\n", personal, "no sign of a list"},
           Case{"X-Mailer: Mail\n", personal, "no sign of a list"},
       }) {
    const Classification found = classified(header);
    EXPECT_EQ(found, (Classification{mail_class, "", std::string(reason), mail_class == personal}))
        << header << to_string(found.mail_class) << " " << found.reason;
  }
}

TEST(Classification, takes_mail_alike_to_many_for_bulk_where_nothing_else_speaks) {
  const Classification silent = classified("Subject: hello\n");
  const MailingsConfig config{.recipients = 100, .window = std::chrono::hours{1}, .are_bulk = true};
  EXPECT_EQ(with_volume(silent, 99, config), silent);
  EXPECT_EQ(
      with_volume(silent, 100, config),
      (Classification{MailClass::bulk, "", "mail alike to 100 recipients within 1h", true, 100}));
  for (const std::string_view header :
       {"In-Reply-To: <a@b.example>\n", "List-Id: <news.shop.example>\n",
        "Auto-Submitted: auto-generated\n", "From: a@news.shop.example\n"}) {
    const Classification clear = classified(header, "a@shop.example", streams());
    EXPECT_EQ(with_volume(clear, 100, config), clear) << header;
  }
}

TEST(Classification, leaves_mail_alike_to_many_personal_unless_told) {
  const Classification found =
      with_volume(classified("Subject: hello\n"), 100,
                  {.recipients = 100, .window = std::chrono::hours{1}, .are_bulk = false});
  EXPECT_EQ(found, (Classification{MailClass::personal, "", "no sign of a list", true, 100}));
}

TEST(Classification, tells_lists_that_people_write_to_from_bulk) {
  using enum MailClass;
  const std::string list =
      "List-Id: <talk.lists.example>\nList-Unsubscribe: <mailto:talk-leave@lists.example>\n";
  const Classification talk = classified(list + "List-Post: <mailto:talk@lists.example>\n");
  EXPECT_EQ(talk, (Classification{discussion, "", "List-Post"}));
  // RFC 2369 §3.4: the special value of a list that takes no posts.
  EXPECT_EQ(classified(list + "List-Post: NO (posting not allowed on this list)\n").mail_class,
            bulk);
  EXPECT_EQ(classified(list + "Precedence: list\n").mail_class, bulk);
  EXPECT_EQ(classified(list + "X-BeenThere: talk@lists.example\n"),
            (Classification{discussion, "", "x-beenthere"}));
  EXPECT_EQ(classified("Mailing-List: contact talk-help@lists.example; run by ezmlm\n").mail_class,
            discussion);
}

TEST(Classification, leaves_notices_alone) {
  using enum MailClass;
  struct Case {
    std::string_view header;
    std::string_view reverse_path;
    std::string_view reason;
  };
  for (const auto& [header, reverse_path, reason] : {
           Case{"Content-Type: multipart/report; report-type=delivery-status\n", "",
                "multipart/report"},
           Case{"Content-Type: Multipart/Report;\n report-type=disposition-notification\n"
                "List-Id: <x.shop.example>\n",
                "", "multipart/report"},
           Case{"Content-Type: multipart/report\n", "a@shop.example", "multipart/report"},
           Case{"Auto-Submitted: auto-replied\nPrecedence: bulk\n", "a@shop.example",
                "Auto-Submitted: auto-replied"},
           Case{"Auto-Submitted: auto-generated (rejected)\nPrecedence: bulk\n", "a@shop.example",
                "Auto-Submitted: auto-generated"},
           Case{"Auto-Submitted: auto-generated\nList-Id: <cron.shop.example>\n", "a@shop.example",
                "Auto-Submitted: auto-generated"},
           Case{"Auto-Submitted: auto-generated\nList-Unsubscribe: <https://a.example/>\n",
                "a@shop.example", "Auto-Submitted: auto-generated"},
           Case{"X-Autoreply: yes\nPrecedence: bulk\n", "a@shop.example", "X-Autoreply"},
           Case{"Precedence: auto_reply\n", "a@shop.example", "Precedence: auto_reply"},
           Case{"X-List-Administrivia: yes\nList-Id: <talk.lists.example>\n", "a@lists.example",
                "X-List-Administrivia"},
           Case{"Precedence: bulk\n", "", "null reverse path"},
       }) {
    EXPECT_EQ(classified(header, reverse_path), (Classification{notice, "", std::string(reason)}))
        << header << to_string(classified(header, reverse_path).mail_class);
  }
}

TEST(Classification, is_not_deceived_by_one_sign_against_bulk) {
  using enum MailClass;
  struct Case {
    std::string_view header;
    std::string_view reverse_path;
  };
  for (const auto& [header, reverse_path] : {
           Case{"Auto-Submitted: no\nFeedback-ID: 1\n", "a@shop.example"},
           Case{"In-Reply-To: <1@b.example>\nList-Unsubscribe: <https://a.example/>\n",
                "a@shop.example"},
           Case{"Feedback-ID: 1\n", ""},
           Case{"X-List-Administrivia: no\nList-Id: <a.shop.example>\n", "a@shop.example"},
           Case{"Content-Type: multipart/reporting\nFeedback-ID: 1\n", ""},
       }) {
    EXPECT_EQ(classified(header, reverse_path).mail_class, bulk) << header;
  }
}

TEST(Classification, takes_an_answer_for_personal_whatever_program_sent_it) {
  const Classification answer =
      classified("In-Reply-To: <1@b.example>\nX-Mailgun-Tag: support\nPrecedence: bulk\n");
  EXPECT_EQ(answer, (Classification{MailClass::personal, "", "In-Reply-To"}));
}

TEST(Classification, believes_declared_streams_first) {
  using enum MailClass;
  struct Case {
    std::string_view header;
    std::string_view reverse_path;
    std::string_view login;
    Classification expected;
  };
  const Classification receipts_by_login{transactional, "receipts", "stream receipts (login)"};
  const Classification receipts_by_header{transactional, "receipts", "stream receipts (header)"};
  const Classification news_by_from{bulk, "news", "stream news (From domain)"};
  const Classification news_by_sender{bulk, "news", "stream news (envelope sender)"};
  for (const auto& [header, reverse_path, login, expected] : {
           Case{"From: a@news.shop.example\nList-Unsubscribe: <https://a.example/>\n",
                "a@b.example", "CHECKOUT", receipts_by_login},
           Case{"From: a@news.shop.example\nX-Stream:\n RECEIPTS \n", "a@b.example", "",
                receipts_by_header},
           Case{"X-Stream: other\nX-Stream: receipts\n", "a@b.example", "", receipts_by_header},
           Case{"From: \"News\" <a@NEWS.shop.example>\n", "a@b.example", "", news_by_from},
           Case{"From: a@xn--bcher-kva.example\n", "a@b.example", "", news_by_from},
           Case{"From: boss@shop.example, a@news.shop.example\n", "a@b.example", "", news_by_from},
           Case{"From: a@other.example\n", "1@bounce.shop.example", "", news_by_sender},
           Case{"From: a@mail.news.shop.example\n",
                "a@b.example",
                "",
                {personal, "", "no sign of a list", true}},
           Case{"X-Stream: receipts, please\n",
                "a@b.example",
                "",
                {personal, "", "no sign of a list", true}},
       }) {
    const Classification found = classified(header, reverse_path, streams(), login);
    EXPECT_EQ(found, expected) << header << to_string(found.mail_class) << " " << found.reason;
  }
}

TEST(Classification, takes_reports_and_auto_replies_from_the_domain_of_a_bulk_stream_for_notices) {
  const Classification report =
      classified("From: a@news.shop.example\nContent-Type: multipart/report\n", "", streams());
  EXPECT_EQ(report, (Classification{MailClass::notice, "news", "multipart/report"}));
  const Classification newsletter = classified(
      "From: a@news.shop.example\nAuto-Submitted: auto-generated\n", "a@b.example", streams());
  EXPECT_EQ(newsletter.mail_class, MailClass::bulk);
}

TEST(StreamOfEnvelope, knows_login_and_envelope_sender_only) {
  const std::vector<StreamConfig> declared = streams();
  Envelope envelope;
  EXPECT_EQ(stream_of_envelope(declared, envelope), nullptr);
  envelope.reverse_path = ReversePath::from("1@bounce.shop.example");
  EXPECT_EQ(stream_of_envelope(declared, envelope), &declared[1]);
  envelope.login = "checkout";
  EXPECT_EQ(stream_of_envelope(declared, envelope), &declared[0]);
}

TEST(HasDeclaredAuthor, asks_the_from_domains_of_all_streams) {
  EXPECT_TRUE(has_declared_author(streams(), parse_address_list("a@news.shop.example")));
  EXPECT_FALSE(has_declared_author(streams(), parse_address_list("a@bounce.shop.example")));
  EXPECT_FALSE(has_declared_author(streams(), fail(Code::syntax, "there is no From field")));
}

TEST(MailClass, has_a_word_for_each_value) {
  EXPECT_EQ(to_string(MailClass::bulk), "bulk");
  EXPECT_EQ(to_string(MailClass::transactional), "transactional");
  EXPECT_EQ(to_string(MailClass::discussion), "discussion");
  EXPECT_EQ(to_string(MailClass::notice), "notice");
  EXPECT_EQ(to_string(MailClass::personal), "personal");
}

}  // namespace
}  // namespace icm
