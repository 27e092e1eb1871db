// SPDX-License-Identifier: Apache-2.0
//
// Lists of hashes: those of others, in every kind of store, and stores that keep no address.
#include <gtest/gtest.h>

#include "policy/store/snapshot_list.h"
#include "test/support/every_store.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;

using Words = std::vector<std::string>;

constexpr auto sha256_of_bob =
    "sha256:162b36e08e67955ad22f3b015fdb89fe2b930b3e2eca51fdc0682b2d5a17454f";
constexpr auto md5_of_bob_at_me = "md5:8e27b58be991dc03e6c0d6367d7f4461";

const AddressForms ours(std::string(32, 'a'));
const AddressForms others(std::string(32, 'b'));

Deadline soon() { return Deadline::in(60s); }

class HashedStore : public EveryStore {
 protected:
  Suppression with_words(const std::string& address) {
    Suppression one = entry(address, SuppressionReason::hard_bounce);
    one.note = "was " + address;
    one.evidence = Evidence{.pattern = "no-such-user",
                            .reply = "550 5.1.1 <" + address + ">: user does not exist",
                            .queue_id = "4abc",
                            .first_seen = now,
                            .last_seen = now,
                            .count = 1};
    return one;
  }

  Error refusal_of(const std::string& key) {
    return {Code::config, store->place() + ": its addresses are hashed under " + key +
                              ", and nobody could be found in it; expected in store.hash_key_file "
                              "the key that they were hashed under"};
  }

  HashingReport hash() {
    const auto report = store->hashing()->hash(deed(Deed::Kind::hash), soon(), [](auto) {});
    EXPECT_TRUE(report) << report.error().text;
    return *report;
  }
};

INSTANTIATE_TEST_SUITE_P(Of, HashedStore, every_store(),
                         [](const auto& kind) { return to_string(kind.param); });

TEST_P(HashedStore, finds_removes_and_keeps_the_history_of_what_others_hashed) {
  for (const AddressForms& forms : {AddressForms(), ours}) {
    store = make_test_store(GetParam());
    store->use(forms);
    import({entry(sha256_of_bob, SuppressionReason::hard_bounce), entry(md5_of_bob_at_me)});
    EXPECT_EQ(found("Bob@iCloud.com"),
              (Words{"bob@me.com global unsubscribe", "bob@icloud.com global hard-bounce"}));
    EXPECT_EQ(found("bob@icloud.com", {}, false), Words{"bob@icloud.com global hard-bounce"});
    EXPECT_EQ(found("bob@mac.com"), Words{"bob@me.com global unsubscribe"});
    EXPECT_EQ(found("eve@icloud.com"), Words{});
    EXPECT_EQ(standing().size(), 1u);
    add(entry("bob@icloud.com"));
    EXPECT_EQ(standing().size(), 2u);
    EXPECT_FALSE(book()->remove({"bob@icloud.com", {}, {}}, deed(Deed::Kind::remove)));
    EXPECT_EQ(standing().size(), 2u);
    EXPECT_EQ(
        book()->remove({"bob@icloud.com", {}, {}}, deed(Deed::Kind::remove, "a test"))->size(), 2u);
    EXPECT_EQ(found("bob@icloud.com", {}, false), Words{});
    EXPECT_EQ(past().size(), 2u);
  }
}

TEST_P(HashedStore, keeps_no_address_under_a_key_and_finds_it) {
  store->use(ours);
  add(with_words("bob@icloud.com"), deed(Deed::Kind::add, "bob@icloud.com wrote"));
  import({with_words("eve@me.com"), entry("eve@me.com")});
  ASSERT_TRUE(book()->remove({"eve@me.com", {}, SuppressionReason::unsubscribe},
                             deed(Deed::Kind::remove, "for eve@me.com")));
  EXPECT_EQ(found("bob@icloud.com"), Words{"bob@icloud.com global hard-bounce"});
  EXPECT_EQ(standing()[0].entry.address, "bob@icloud.com");
  EXPECT_EQ(standing()[0].entry.note, "was @");
  EXPECT_EQ(standing()[0].entry.evidence->reply, "550 5.1.1 <@>: user does not exist");
  EXPECT_EQ(standing()[0].added.why, "@ wrote");
  EXPECT_EQ(past("eve@me.com")[0].ended->why, "for @");
  EXPECT_EQ(each({}).size(), 2u);
  for (const std::string& line : each({})) EXPECT_TRUE(line.starts_with("hmac:")) << line;
  const std::string everything = store->everything();
  EXPECT_EQ(everything.find("bob@"), std::string::npos);
  EXPECT_EQ(everything.find("eve@"), std::string::npos);
  EXPECT_EQ(store->hashing()->unhashed(soon()), 0u);
  RecordFilter of_domain;
  of_domain.domain = *Domain::parse("me.com");
  EXPECT_EQ(book()->each(of_domain, now, [](const auto&) {}).error(),
            (Error{Code::permanent,
                   "domain: expected none, since the store keeps hashes instead of addresses "
                   "(store.hash_key_file)"}));
}

TEST_P(HashedStore, is_asked_with_its_own_key_and_no_other) {
  add(entry("eve@me.com"));
  const auto before = *store->list();  // whoever has it open, and no key
  store->use(ours);
  add(entry("bob@icloud.com"));
  const auto asked = before->find(*Mailbox::parse("eve@me.com"), {}, true, now, soon());
  EXPECT_EQ(asked.error(), refusal_of("a key"));
  for (const auto& [forms, key] : {std::pair{AddressForms(), "a key"}, {others, "another key"}}) {
    store->use(forms);
    EXPECT_EQ(store->list().error(), refusal_of(key));
    if (forms.is_keyed()) {
      EXPECT_EQ(store->hashing()->keep_key(soon()).error(), refusal_of(key));
    }
  }
  store->use(ours);
  EXPECT_EQ(found("eve@me.com"), Words{"eve@me.com global unsubscribe"});
  EXPECT_EQ(store->hashing()->unhashed(soon()), 1u);
}

TEST_P(HashedStore, is_hashed_with_its_history_and_stays_what_it_was) {
  const std::int64_t first = import({with_words("bob@icloud.com"), entry("eve@me.com")});
  add(entry("bob@icloud.com"), deed(Deed::Kind::add, "bob@icloud.com wrote"));
  add(entry("bob@icloud.com", SuppressionReason::manual));
  ASSERT_TRUE(book()->remove({"bob@icloud.com", {}, SuppressionReason::manual},
                             deed(Deed::Kind::remove, "for bob@icloud.com")));
  add(entry(sha256_of_bob, SuppressionReason::complaint));
  store->use(ours);
  Suppression later = entry("eve@me.com");
  later.created = now + 1h;
  add(later);  // beside the one that is not hashed
  EXPECT_EQ(book()->add(entry("eve@me.com", SuppressionReason::erasure), deed()).error(),
            (Error{Code::permanent,
                   "eve@me.com: nobody can be forgotten by a store that has addresses which are "
                   "not hashed yet; run icloud-milterctl suppress hash first"}));
  EXPECT_EQ(standing("eve@me.com").size(), 2u);
  EXPECT_EQ(store->hashing()->unhashed(soon()), 5u);

  EXPECT_EQ(hash().hashed, 5u);
  EXPECT_EQ(store->hashing()->unhashed(soon()), 0u);
  EXPECT_EQ(store->everything().find("bob@"), std::string::npos);
  EXPECT_EQ(store->everything().find("eve@"), std::string::npos);
  ASSERT_EQ(standing().size(), 3u);
  EXPECT_EQ(words(standing()[0].entry), "bob@icloud.com global complaint");
  EXPECT_EQ(words(standing()[1].entry), "bob@icloud.com global hard-bounce");
  EXPECT_EQ(standing()[1].entry.evidence->reply, "550 5.1.1 <@>: user does not exist");
  EXPECT_EQ(standing()[2].added.why, "@ wrote");
  ASSERT_EQ(past().size(), 1u);
  EXPECT_EQ(past()[0].ended->why, "for @");
  ASSERT_EQ(standing("eve@me.com").size(), 1u);
  EXPECT_EQ(last_word(standing("eve@me.com")[0].entry), now + 1h);
  EXPECT_EQ(found("bob@icloud.com").size(), 3u);
  EXPECT_EQ(hash().hashed, 0u);

  const auto undone = book()->undo({.import = first, .pattern = {}},
                                   deed(Deed::Kind::undo, "the wrong list"), Undoing::for_good);
  ASSERT_TRUE(undone) << undone.error().text;
  EXPECT_EQ(undone->removed, 1u);  // bob's bounce; of eve somebody else has said it, too
  EXPECT_EQ(found("bob@icloud.com").size(), 2u);
  EXPECT_EQ(found("eve@me.com").size(), 1u);
}

TEST_P(HashedStore, is_hashed_with_its_ledger) {
  ASSERT_TRUE(store->book());
  const Subscription consent{.address = "bob@icloud.com",
                             .scope = "stream:news",
                             .consented = now - 24h,
                             .source = "form of bob@icloud.com",
                             .withdrawn = {},
                             .engaged = now - 1h};
  ASSERT_TRUE((*store->ledger_book())->add(consent));
  store->use(ours);
  const auto standing_of_bob = [&] {
    const auto found =
        (*store->ledger())->find(*Mailbox::parse("Bob@icloud.com"), {"stream:news"}, soon());
    EXPECT_TRUE(found) << found.error().text;
    return found.value_or(Standing{});
  };
  EXPECT_EQ(standing_of_bob().engaged, consent.engaged) << "found before it is hashed, too";
  hash();
  EXPECT_EQ(store->everything().find("bob@"), std::string::npos);
  EXPECT_EQ(standing_of_bob().engaged, consent.engaged);
  ASSERT_TRUE(standing_of_bob().latest_consent);
  EXPECT_EQ(standing_of_bob().latest_consent->consented, consent.consented);
  Subscription later = consent;
  later.engaged = now;
  EXPECT_EQ((*store->ledger_book())->add(later), Outcome::changed);
  EXPECT_EQ(standing_of_bob().engaged, now);
}

TEST_P(HashedStore, an_erasure_outlives_the_hashing) {
  add(entry("bob@icloud.com", SuppressionReason::erasure));
  store->use(ours);
  add(entry("bob@icloud.com"));
  hash();
  EXPECT_EQ(found("bob@icloud.com"), Words{"bob@icloud.com global erasure"});
  EXPECT_EQ(add(entry("bob@icloud.com")), Outcome::unchanged);
}

TEST_P(HashedStore, answers_from_memory_with_its_own_key_and_no_other) {
  store->use(ours);
  add(entry("bob@icloud.com"));
  import({entry(md5_of_bob_at_me, SuppressionReason::complaint)});
  const auto snapshot = [&](const AddressForms& forms) {
    SnapshotView view;
    SnapshotBuilder builder;
    const auto cursor = (*store->source())->each([&](const SourceEntry& one) {
      builder.add(one);
      return true;
    });
    EXPECT_TRUE(cursor) << cursor.error().text;
    view.all = std::make_shared<const AddressSnapshot>(std::move(builder).finish(*cursor));
    view.recent = std::make_shared<const AddressSnapshot>(SnapshotBuilder(*view.all).finish(""));
    look_for_forms(view, forms);
    return view;
  };
  const auto asked = [&](const AddressForms& forms) {
    return ask_view(snapshot(forms), forms, *Mailbox::parse("bob@mac.com"), {}, true, now);
  };
  ASSERT_EQ(asked(ours).entries.size(), 2u);
  EXPECT_EQ(words(asked(ours).entries[0]), "bob@me.com global complaint");
  EXPECT_EQ(words(asked(ours).entries[1]), "bob@icloud.com global unsubscribe");
  EXPECT_FALSE(asked(ours).is_unreadable);
  EXPECT_TRUE(asked(others).is_unreadable);
  EXPECT_FALSE(asked(AddressForms()).is_nothing());
}

}  // namespace
}  // namespace icm
