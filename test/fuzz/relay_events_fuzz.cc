// SPDX-License-Identifier: Apache-2.0
//
// Apple's notifications of hostile octets: the file they come in, cut anywhere; tokens; and claims,
// as if they had been signed. What is taken for an event can be kept in a line of the journal.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/relay_event_reader.h"
#include "policy/base/text.h"
#include "policy/store/suppression_book.h"
#include "policy/unsubscribe/relay_event.h"
#include "test/fuzz/demand.h"

namespace {

constexpr std::string_view published =
    R"({"keys":[{"kty":"RSA","kid":"K1","use":"sig","alg":"RS256","e":"AQAB","n":")"
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
    "BJECPebWK"
    "RXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
    "FDW2QvzqY368QQMic"
    "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
    "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3"
    "XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    R"("}]})";

std::vector<std::string> read(std::string_view text, std::size_t piece) {
  std::vector<std::string> items;
  icm::ctl::RelayEventReader reader([&](std::uint64_t line, const icm::Result<std::string>& token) {
    items.push_back(std::to_string(line) + (token ? "+" + *token : "-" + token.error().text));
  });
  for (std::size_t at = 0; at < text.size(); at += piece) reader.feed(text.substr(at, piece));
  reader.finish();
  return items;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  static const icm::WebKeySet keys = icm::WebKeySet::parse(published).value();
  static const icm::WallTime now = icm::parse_time("2026-11-21T08:00:00Z").value();
  const std::string_view text(reinterpret_cast<const char*>(octets), size);
  icm::demand(read(text, 1) == read(text, size + 1), "cut into pieces it reads otherwise");
  icm::demand(!keys.verified(text), "nobody has signed this", text);
  (void)icm::WebKeySet::parse(text);

  const auto event = icm::read_relay_claims(text, {"com.example.shop"}, now);
  if (!event) return 0;
  icm::demand(icm::is_printable(event->id) && icm::is_printable(event->subject), "no line");
  const auto mailbox = event->email ? *event->email : icm::Mailbox::parse("a@icloud.com").value();
  if (const auto entry = icm::suppression_of(*event, mailbox)) {
    icm::demand(icm::check_entry(*entry).has_value(), "cannot be stored", entry->note);
  }
  return 0;
}
