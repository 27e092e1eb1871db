// SPDX-License-Identifier: Apache-2.0
//
// Suppression lists of mail services, as icloud-milterctl suppress import reads them.
#include "milter/ctl/suppress_foreign.h"

#include "test/milter/ctl/suppress_fixture.h"

namespace icm::ctl {
namespace {

struct ForeignLists : Suppress {
  std::string imported(std::string_view content, std::vector<std::string> options = {}) {
    const Outcome outcome = import(content, std::move(options));
    if (outcome.exit != 0) return outcome.err;
    return exported().substr(csv_titles.size());
  }
  std::string bad(int line, std::string_view told) const {
    const std::string list = in_directory("list.csv");
    return fmt::format(
        "icloud-milterctl: {0}:{1}: {2}\nicloud-milterctl: {0}: 1 bad line, 0 good; "
        "nothing was imported. Correct them, or leave them out with --skip-bad\n",
        list, line, told);
  }
};

TEST_F(ForeignLists, of_amazon_ses) {
  EXPECT_EQ(imported("EmailAddress,Reason,LastUpdateTime\n"
                     "Bob@iCloud.com,BOUNCE,2026-01-02T03:04:05Z\n"
                     "eve@me.com,COMPLAINT,2026-01-03T03:04:05Z\n"),
            "bob@icloud.com,hard-bounce,global,2026-01-02T03:04:05Z,,import:list.csv,,,,,,,,\r\n"
            "eve@me.com,complaint,global,2026-01-03T03:04:05Z,,import:list.csv,,,,,,,,\r\n");
}

TEST_F(ForeignLists, of_sendgrid) {
  EXPECT_EQ(imported("status,reason,email,created\n"
                     "5.1.1,\"550 5.1.1 user does not exist, sorry\",bob@icloud.com,1767323045\n"),
            "bob@icloud.com,hard-bounce,global,2026-01-02T03:04:05Z,,import:list.csv,\"550 5.1.1 "
            "user does not exist, sorry\",,,,,,,\r\n");
}

TEST_F(ForeignLists, of_mailgun_bounces) {
  EXPECT_EQ(
      imported("address,code,error,created_at\n"
               "bob@icloud.com,550,550-5.1.1 gone \xc3\xa4,\"Fri, 2 Jan 2026 03:04:05 UTC\"\n"),
      "bob@icloud.com,hard-bounce,global,2026-01-02T03:04:05Z,,import:list.csv,550 "
      "550-5.1.1 gone \xc3\xa4,,,,,,,\r\n");
}

TEST_F(ForeignLists, of_bounces_give_no_address_up_for_what_is_not_its_own_fault) {
  EXPECT_EQ(imported("status,reason,email,created\n"
                     "5.7.1,blocked,a@icloud.com,1767323045\n"
                     "5.2.2,over quota,b@icloud.com,1767323045\n"
                     "5.1.8,bad sender,c@icloud.com,1767323045\n"
                     "5.1.10,null MX,d@icloud.com,1767323045\n",
                     {"--skip-bad"}),
            "d@icloud.com,hard-bounce,global,2026-01-02T03:04:05Z,,import:list.csv,null "
            "MX,,,,,,,\r\n");
  begin_another();
  EXPECT_EQ(imported("address,code,error,created_at\n"
                     "a@icloud.com,554,[HM08] Message rejected due to local policy,1\n"
                     "b@icloud.com,550,550 5.7.1 [CS01] 5.1.1,1\n"
                     "c@icloud.com,550,unknown user,1\n"
                     "d@icloud.com,550,5.1.6 no such user,1\n",
                     {"--skip-bad"}),
            "d@icloud.com,hard-bounce,global,1970-01-01T00:00:01Z,,import:list.csv,550 5.1.6 no "
            "such user,,,,,,,\r\n");
}

TEST_F(ForeignLists, of_mailgun_unsubscribes) {
  EXPECT_EQ(imported("created_at,address,tags\n2026-01-02 03:04:05,bob@icloud.com,*\n"),
            "bob@icloud.com,unsubscribe,global,2026-01-02T03:04:05Z,,import:list.csv,,,,,,,,\r\n");
}

TEST_F(ForeignLists, of_mailgun_keep_a_tag_in_the_scope_given_and_who_left_all_out_of_all) {
  EXPECT_EQ(imported("address,tags,created_at\n"
                     "all@icloud.com,*,2026-01-02 03:04:05\n"
                     "some@icloud.com,spring,2026-01-02 03:04:05\n",
                     {"--scope", "stream:news"}),
            "all@icloud.com,unsubscribe,global,2026-01-02T03:04:05Z,,import:list.csv,,,,,,,,\r\n"
            "some@icloud.com,unsubscribe,stream:news,2026-01-02T03:04:05Z,,import:list.csv,,,,,,,,"
            "\r\n");
}

TEST_F(ForeignLists, that_do_not_say_why_ask_for_a_reason) {
  const std::string list = "address,created_at\na@icloud.com,2026-01-02 03:04:05 UTC\n";
  EXPECT_EQ(imported(list),
            "icloud-milterctl: " + in_directory("list.csv") +
                ": expected --reason, since these columns do not say why an address is there: "
                "lists of unsubscribed addresses (--reason unsubscribe) and of spam reports "
                "(--reason complaint) have the same, at SendGrid and at Mailgun\n");
  EXPECT_EQ(imported("email,created\na@icloud.com,1767323045\n"),
            "icloud-milterctl: " + in_directory("list.csv") +
                ": expected --reason, since these columns do not say why an address is there: "
                "lists of unsubscribed addresses (--reason unsubscribe) and of spam reports "
                "(--reason complaint) have the same, at SendGrid and at Mailgun\n");
  EXPECT_EQ(imported(list, {"--reason", "unsubscribe"}),
            "a@icloud.com,unsubscribe,global,2026-01-02T03:04:05Z,,import:list.csv,,,,,,,,\r\n");
}

TEST_F(ForeignLists, that_say_why_take_no_other_reason) {
  EXPECT_EQ(imported("EmailAddress,Reason,LastUpdateTime\na@b.example,BOUNCE,2026-01-02\n",
                     {"--reason", "manual"}),
            "icloud-milterctl: " + in_directory("list.csv") +
                ": expected no --reason, since each line of this list says its own\n");
}

TEST_F(ForeignLists, of_postmark) {
  EXPECT_EQ(imported("EmailAddress,SuppressionReason,Origin,CreatedAt\n"
                     "a@icloud.com,HardBounce,Recipient,2026-01-02T03:04:05+01:00\n"
                     "b@icloud.com,SpamComplaint,Recipient,2026-01-02T03:04:05Z\n"
                     "c@icloud.com,ManualSuppression,Recipient,2026-01-02T03:04:05Z\n"
                     "d@icloud.com,ManualSuppression,Customer,2026-01-02T03:04:05Z\n"),
            "a@icloud.com,hard-bounce,global,2026-01-02T02:04:05Z,,import:list.csv,,,,,,,,\r\n"
            "b@icloud.com,complaint,global,2026-01-02T03:04:05Z,,import:list.csv,,,,,,,,\r\n"
            "c@icloud.com,unsubscribe,global,2026-01-02T03:04:05Z,,import:list.csv,,,,,,,,\r\n"
            "d@icloud.com,manual,global,2026-01-02T03:04:05Z,,import:list.csv,,,,,,,,\r\n");
}

TEST_F(ForeignLists, with_an_odd_row_are_not_imported) {
  struct Case {
    std::string content;
    std::string told;
  };
  for (const auto& [content, told] :
       {Case{"EmailAddress,Reason,LastUpdateTime\na@b.example,SOFT,2026-01-02\n",
             "column Reason: expected BOUNCE or COMPLAINT, found \"SOFT\""},
        Case{"EmailAddress,Reason,LastUpdateTime\na,BOUNCE,2026-01-02\n",
             "column EmailAddress: address \"a\": has no \"@\""},
        Case{"EmailAddress,Reason,LastUpdateTime\na@b.example,BOUNCE,soon\n",
             "column LastUpdateTime: expected a time, found \"soon\""},
        Case{"EmailAddress,Reason,LastUpdateTime\na@b.example,BOUNCE\n",
             "expected 3 columns as in the header line, found 2"},
        Case{"status,reason,email,created\n4.2.2,full,a@b.example,1\n",
             "column status: expected 5.1.1, 5.1.2, 5.1.3, 5.1.6 or 5.1.10 (there is no such "
             "address), "
             "found \"4.2.2\""},
        Case{"address,code,error,created_at\na@b.example,450,later,1\n",
             "column code: expected 5xx, a lasting failure, found \"450\""},
        Case{"address,tags,created_at\na@b.example,news,1\n",
             "column tags: expected * (all mail), or --scope on the command line, found \"news\""},
        Case{"EmailAddress,SuppressionReason,Origin,CreatedAt\na@b.example,Bored,Admin,1\n",
             "column SuppressionReason: expected HardBounce, SpamComplaint or ManualSuppression, "
             "found \"Bored\""}}) {
    EXPECT_EQ(imported(content), bad(2, told));
  }
}

}  // namespace
}  // namespace icm::ctl
