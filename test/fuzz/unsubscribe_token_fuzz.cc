// SPDX-License-Identifier: Apache-2.0
//
// A token of hostile octets: never one of ours, unless it is ours to the last letter; and what is
// inside of one, as if somebody had the key: a wish that is written in these octets alone.
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/unsubscribe/forms.h"
#include "policy/unsubscribe/token.h"
#include "policy/unsubscribe/token_text.h"
#include "test/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  static const icm::UnsubscribeTokens tokens({std::string(32, 'n'), std::string(32, 'o')});
  const std::string_view text(reinterpret_cast<const char*>(octets), size);

  if (const auto wish = tokens.read(text)) {
    const auto mailbox = icm::Mailbox::parse(wish->address);
    icm::demand(mailbox && mailbox->key() == wish->address, "no address", wish->address);
  }
  if (const auto bits = icm::from_base32(text)) {
    icm::demand(icm::from_base32(icm::to_base32(*bits)) == *bits, "base32 is not itself");
    icm::demand(icm::to_base32(*bits).size() == size, "two texts for the same octets", text);
  }
  if (const auto wish = icm::from_plain(text)) {
    icm::demand(icm::to_plain(*wish) == text, "two plaintexts for one wish", wish->address);
    const auto mailbox = icm::Mailbox::parse(wish->address);
    icm::demand(mailbox.has_value(), "no address", wish->address);
    const auto again = tokens.read(tokens.mint(*mailbox, wish->scope));
    icm::demand(again && *again == *wish, "does not come back", wish->address);
  }
  if (const auto mailbox = icm::Mailbox::parse(text)) {
    const icm::UnsubscribeWish wish{mailbox->key(), "stream:news"};
    const auto again = icm::from_plain(icm::to_plain(wish));
    icm::demand(again && *again == wish, "does not come back", wish.address);
    const icm::UnsubscribePlace place{"https://a.example/u", "unsubscribe@a.example", "+"};
    (void)icm::token_of_recipient(place, *mailbox);
    (void)icm::unsubscribe_forms(tokens, place, *mailbox, "stream:news");
  }
  return 0;
}
