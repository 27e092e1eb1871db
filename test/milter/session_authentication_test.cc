// SPDX-License-Identifier: Apache-2.0
//
// Mail from outside is authenticated as it enters.
#include <filesystem>

#include "policy/auth/sealing_keys.h"
#include "policy/base/text.h"
#include "policy/dns/zone_resolver.h"
#include "test/milter/session_fixture.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

constexpr std::string_view zone = R"({
  "ours.example": {"TXT": ["v=spf1 ip4:198.51.100.7 -all"]},
  "_dmarc.ours.example": {"TXT": ["v=DMARC1; p=reject"]}
})";

class Authenticated : public SessionTest {
 protected:
  Authenticated() { config_.arrival.authenticate = true; }

  void build_with_zone() {
    auto world = World::over(config_, std::make_unique<MemorySuppressionList>(),
                             std::make_unique<ZoneResolver>(ZoneResolver::parse(zone).value()));
    world_.with([&](std::shared_ptr<const World>& current) { current = world; });
  }

  // The field that a letter from outside gets on top, unfolded.
  std::string results_of_letter(std::string_view client, std::string_view header = honest) {
    connect("smtpd", client);
    mail();
    EXPECT_EQ(send(header), go_on);
    const std::string start = "insert 0 Authentication-Results: ";
    for (std::string change : mta_.changes()) {
      if (!change.starts_with(start)) continue;
      for (std::size_t fold; (fold = change.find("\r\n")) != std::string::npos;) {
        change.erase(fold, 2);
      }
      return change.substr(start.size());
    }
    return {};
  }
};

TEST_F(Authenticated, mail_that_passes_says_so_and_what_it_rests_on) {
  build_with_zone();
  EXPECT_EQ(results_of_letter("198.51.100.7"),
            "mx.ours.example; auth=none policy.origin=outside; spf=pass "
            "smtp.mailfrom=shop@ours.example; dkim=none; dmarc=pass header.from=ours.example "
            "policy.dmarc=reject; arc=none smtp.remote-ip=198.51.100.7");
}

TEST_F(Authenticated, mail_that_fails_enters_all_the_same) {
  config_.arrival.show_client = false;
  build_with_zone();
  EXPECT_EQ(
      results_of_letter("203.0.113.9"),
      "mx.ours.example; auth=none policy.origin=outside; spf=fail "
      "smtp.mailfrom=shop@ours.example; dkim=none; dmarc=fail reason=\"no SPF or DKIM pass is "
      "aligned with ours.example\" header.from=ours.example policy.dmarc=reject; arc=none");
}

TEST_F(Authenticated, of_mail_handed_in_again_no_client_of_ours_is_taken_for_its_first_one) {
  config_.arrival.covered = true;
  config_.arrival.trusted_networks = {IpRange::parse("192.0.2.0/24").value()};
  build_with_zone();
  const std::string again =
      "Authentication-Results: mx.ours.example; auth=none policy.origin=outside; spf=pass\n" +
      std::string(honest);
  constexpr std::string_view what_is_known =
      "mx.ours.example; auth=none policy.origin=outside; dkim=none; arc=none";
  EXPECT_EQ(results_of_letter("127.0.0.1", again), what_is_known);
  EXPECT_EQ(results_of_letter("192.0.2.7", again), what_is_known);
}

TEST_F(Authenticated, mail_of_our_own_network_is_left_as_it_is) {
  build_with_zone();
  EXPECT_EQ(results_of_letter("127.0.0.1"), "mx.ours.example; auth=none policy.origin=local");
}

// A gateway without aliases, to which the host that received the mail relays.
class SealedAtDirect : public Authenticated {
 protected:
  SealedAtDirect() {
    config_.arrival.covered = true;
    config_.arrival.trusted_networks = {IpRange::parse("192.0.2.0/24").value()};
    config_.arrival.other_ids = {"mx2.ours.example"};
    config_.arc_sealing.mode = Mode::enforce;
    const auto file =
        directory_.write("arc.pem", PrivateKey::generate(KeyType::rsa, 2048).value().to_pem());
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    config_.arc_sealing.keys = {{.domain = "ours.example",
                                 .selector = "arc",
                                 .file = file,
                                 .recipients = {},
                                 .listeners = {}}};
    auto world = World::over(config_, std::make_unique<MemorySuppressionList>(),
                             std::make_unique<ZoneResolver>(ZoneResolver::parse(zone).value()),
                             SealingKeys::load(config_.arc_sealing.keys, {}).value());
    world_.with([&](std::shared_ptr<const World>& current) { current = world; });
  }

  // What the seal says was found out about a message from outside.
  std::string sealed_results(std::string_view client) {
    connect("DIRECT", client);
    mail("<ann@elsewhere.example>");
    EXPECT_EQ(rcpt("<carol@icloud.com>"), go_on);
    EXPECT_EQ(send("Authentication-Results: mx2.ours.example; auth=none policy.origin=outside; "
                   "spf=pass smtp.mailfrom=ann@elsewhere.example\n"
                   "Authentication-Results: mx.theirs.example; dmarc=pass\n" +
                   std::string(honest)),
              go_on);
    const std::string start = "insert 0 ARC-Authentication-Results: ";
    for (const std::string& change : mta_.changes()) {
      if (change.starts_with(start)) return unfold(change.substr(start.size()));
    }
    return log_.decisions.empty() ? "nothing decided" : to_line(log_.decisions.back());
  }

 private:
  TemporaryDirectory directory_;
};

TEST_F(SealedAtDirect, what_another_host_of_ours_found_out_is_sealed_too) {
  EXPECT_EQ(sealed_results("192.0.2.7"),
            "i=1; mx.ours.example; dkim=none; spf=pass smtp.mailfrom=ann@elsewhere.example; "
            "arc=none");
}

TEST_F(SealedAtDirect, a_stranger_is_not_believed_under_another_hosts_name) {
  EXPECT_EQ(sealed_results("198.51.100.9"),
            "i=1; mx.ours.example; spf=none reason=\"elsewhere.example publishes no SPF record\" "
            "smtp.mailfrom=ann@elsewhere.example; dkim=none; dmarc=fail reason=\"no SPF or DKIM "
            "pass is aligned with ours.example\" header.from=ours.example policy.dmarc=reject; "
            "arc=none smtp.remote-ip=198.51.100.9");
}

}  // namespace
}  // namespace icm
