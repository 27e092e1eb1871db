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
            "bob@icloud.com,hard-bounce,global,2026-01-02T03:04:05Z,,import:list.csv,\r\n"
            "eve@me.com,complaint,global,2026-01-03T03:04:05Z,,import:list.csv,\r\n");
}

TEST_F(ForeignLists, of_sendgrid) {
  EXPECT_EQ(imported("status,reason,email,created\n"
                     "5.1.1,\"550 5.1.1 user does not exist, sorry\",bob@icloud.com,1767323045\n"),
            "bob@icloud.com,hard-bounce,global,2026-01-02T03:04:05Z,,import:list.csv,\"550 5.1.1 "
            "user does not exist, sorry\"\r\n");
}

TEST_F(ForeignLists, of_mailgun_bounces) {
  EXPECT_EQ(imported("address,code,error,created_at\n"
                     "bob@icloud.com,550,gone,\"Fri, 2 Jan 2026 03:04:05 UTC\"\n"),
            "bob@icloud.com,hard-bounce,global,2026-01-02T03:04:05Z,,import:list.csv,550 gone\r\n");
}

TEST_F(ForeignLists, of_mailgun_unsubscribes_and_complaints) {
  EXPECT_EQ(imported("created_at,address,tags\n2026-01-02 03:04:05,bob@icloud.com,*\n"),
            "bob@icloud.com,unsubscribe,global,2026-01-02T03:04:05Z,,import:list.csv,\r\n");
  EXPECT_EQ(imported("address,created_at\na@icloud.com,2026-01-02 03:04:05 UTC\n"),
            "a@icloud.com,complaint,global,2026-01-02T03:04:05Z,,import:list.csv,\r\n"
            "bob@icloud.com,unsubscribe,global,2026-01-02T03:04:05Z,,import:list.csv,\r\n");
}

TEST_F(ForeignLists, of_postmark) {
  EXPECT_EQ(imported("EmailAddress,SuppressionReason,Origin,CreatedAt\n"
                     "a@icloud.com,HardBounce,Recipient,2026-01-02T03:04:05+01:00\n"
                     "b@icloud.com,SpamComplaint,Recipient,2026-01-02T03:04:05Z\n"
                     "c@icloud.com,ManualSuppression,Recipient,2026-01-02T03:04:05Z\n"
                     "d@icloud.com,ManualSuppression,Customer,2026-01-02T03:04:05Z\n"),
            "a@icloud.com,hard-bounce,global,2026-01-02T02:04:05Z,,import:list.csv,\r\n"
            "b@icloud.com,complaint,global,2026-01-02T03:04:05Z,,import:list.csv,\r\n"
            "c@icloud.com,unsubscribe,global,2026-01-02T03:04:05Z,,import:list.csv,\r\n"
            "d@icloud.com,manual,global,2026-01-02T03:04:05Z,,import:list.csv,\r\n");
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
             "column status: expected 5.x.x, a lasting failure, found \"4.2.2\""},
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
