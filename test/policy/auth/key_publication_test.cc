// SPDX-License-Identifier: Apache-2.0
//
// A key on disk and the record in the DNS.
#include "policy/auth/key_publication.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/dns/zone_resolver.h"

namespace icm {
namespace {

using State = KeyPublication::State;

const PrivateKey& ours() {
  static const PrivateKey key = PrivateKey::generate(KeyType::rsa, 2048).value();
  return key;
}

// `texts` is JSON: what stands at the name.
KeyPublication published(const std::string& texts, const PrivateKey& key = ours()) {
  auto zone = ZoneResolver::parse(
                  fmt::format(R"({{"arc._domainkey.ours.example.": {{"TXT": {}}}}})", texts))
                  .value();
  return check_publication("ours.example", "arc", key.public_key(), zone,
                           Deadline::in(std::chrono::seconds{60}));
}

std::string p_of(const PrivateKey& key) { return to_base64(key.public_octets()); }

TEST(KeyPublication, of_our_key_is_a_match) {
  const KeyPublication found = published("[\"" + key_record(ours()) + "\"]");
  EXPECT_EQ(found, (KeyPublication{.state = State::match,
                                   .name = "arc._domainkey.ours.example",
                                   .problem = "",
                                   .key_size = "rsa, 2048 bits"}));
  EXPECT_EQ(published(fmt::format("[\"p={}\"]", p_of(ours()))).state, State::match);
  const PrivateKey small = PrivateKey::generate(KeyType::ed25519).value();
  EXPECT_EQ(published("[\"" + key_record(small) + "\"]", small).state, State::match);
}

TEST(KeyPublication, that_is_no_match_says_what_stands_there) {
  const PrivateKey other = PrivateKey::generate(KeyType::ed25519).value();
  const std::string name = "arc._domainkey.ours.example";
  const std::string good = key_record(ours());
  struct Case {
    std::string texts;
    State state;
    std::string problem;
  };
  for (const auto& [texts, state, problem] :
       {Case{"[]", State::missing, "there is no TXT record at " + name},
        Case{"[\"" + key_record(other) + "\"]", State::other_key,
             "the key at " + name + " is another one (ed25519, 256 bits; ours: rsa, 2048 bits)"},
        Case{"[\"v=DKIM1; p=\"]", State::revoked,
             "the key at " + name + " has been revoked (p= is empty)"},
        Case{"[\"v=DKIM1; h=sha1; p=" + p_of(ours()) + "\"]", State::no_sha256,
             "the key at " + name + ": h= does not allow sha256"},
        Case{"[\"v=DKIM1; s=tlsrpt; p=" + p_of(ours()) + "\"]", State::not_email,
             "the key at " + name + ": s= does not allow email"},
        Case{"[\"v=DKIM1; t=s:y; p=" + p_of(ours()) + "\"]", State::testing,
             "the key at " + name +
                 " is marked as a test (t=y): verifiers may treat what it signs as unsigned (RFC "
                 "6376 section 3.6.1)"},
        Case{"[\"v=spf1 -all\"]", State::unreadable,
             "the record at " + name + " is no key: v= expected DKIM1, got \"spf1 -all\""},
        Case{"[\"v=DKIM1; p=!\"]", State::unreadable,
             "the record at " + name + " is no key: p= is no base64"},
        Case{"[\"v=DKIM1; p=AAAA; p=\"]", State::unreadable,
             "the record at " + name + " is no key: tag p occurs twice"},
        Case{"[\"" + good + "\", \"v=spf1 -all\"]", State::several,
             "there are 2 TXT records at " + name +
                 ": a verifier may take any of them (RFC 6376 section 3.6.2.2)"},
        Case{"[\"TIMEOUT\"]", State::unknown,
             "TXT " + name + ": temporary (TIMEOUT in the zone file)"}}) {
    const KeyPublication found = published(texts);
    EXPECT_EQ(to_string(found.state), to_string(state)) << texts;
    EXPECT_EQ(found.problem, problem) << texts;
  }
  EXPECT_EQ(published("[]").key_size, "");
}

TEST(KeyRecord, is_written_in_pieces_that_a_txt_record_holds) {
  const std::string text = key_record(ours());
  ASSERT_GT(text.size(), 255u);
  const auto chunks = txt_chunks(text);
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_EQ(chunks[0].size(), 255u);
  EXPECT_EQ(chunks[0] + chunks[1], text);
  EXPECT_EQ(zone_line("a.example", text),
            "a.example. IN TXT ( \"" + chunks[0] + "\" \"" + chunks[1] + "\" )");
  EXPECT_EQ(zone_line("a.example", "v=DKIM1"), "a.example. IN TXT ( \"v=DKIM1\" )");
  EXPECT_TRUE(text.starts_with("v=DKIM1; k=rsa; p=MII"));
  EXPECT_TRUE(key_record(PrivateKey::generate(KeyType::ed25519).value())
                  .starts_with("v=DKIM1; k=ed25519; p="));
}

}  // namespace
}  // namespace icm
