// SPDX-License-Identifier: Apache-2.0
//
// Whatever is read as addresses, identifiers or types says the same when it is written and read
// again; what is not has a text that names a place inside the input.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/mailbox.h"
#include "policy/base/text.h"
#include "policy/message/encoded_word.h"
#include "policy/message/structured.h"
#include "test/fuzz/demand.h"

namespace icm {
namespace {

std::string quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

void check_error(const Error& error, std::string_view text) {
  demand(error.code == Code::syntax, "an error of syntax", error.text);
  std::size_t offset = 0;
  demand(std::sscanf(error.text.c_str(), "offset %zu:", &offset) == 1 && offset <= text.size(),
         "a place inside the input", error.text);
}

void check_list(std::string_view text) {
  const auto list = parse_address_list(text);
  if (!list) return check_error(list.error(), text);
  for (const Address& address : *list) {
    // A display name of one phrase, and an address that needs nothing else.
    const std::string written = quoted(address.display_name) + " <" + address.text() + ">";
    const auto again = parse_address_list(written);
    demand(again && again->size() == 1, "an address can be read again", written);
    const Address& same = again->front();
    demand(same.local == address.local && same.domain == address.domain &&
               same.display_name == address.display_name,
           "an address stays the same", written);
    if (const auto mailbox = Mailbox::parse(address.text())) {
      demand(mailbox->local() == address.local || address.domain.empty(), "a local part", written);
    }
  }
}

void check_mailbox(std::string_view text) {
  const auto mailbox = Mailbox::parse(text);
  const ReversePath path = ReversePath::from(text);
  if (!mailbox) return demand(mailbox.error().code == Code::syntax, "an error of syntax");
  const auto again = Mailbox::parse(mailbox->text());
  demand(again == mailbox, "a mailbox stays the same", mailbox->text());
  const auto folded = Mailbox::parse(mailbox->key());
  demand(folded && folded->key() == mailbox->key(), "a key is its own key", mailbox->key());
  demand(path.mailbox == *mailbox, "a path holds its mailbox", path.text);
}

void check_domain(std::string_view text) {
  const auto domain = Domain::parse(text);
  if (!domain) return;
  demand(domain->text().size() <= 253, "a domain fits", domain->text());
  demand(Domain::parse(domain->text()) == domain, "a domain stays the same", domain->text());
}

void check_others(std::string_view text) {
  if (const auto id = parse_message_id(text); !id) check_error(id.error(), text);
  if (const auto type = parse_content_type(text)) {
    std::string written = type->type + "/" + type->subtype;
    for (const auto& [name, value] : type->parameters) written += ";" + name + "=" + quoted(value);
    const auto again = parse_content_type(written);
    demand(
        again && again->type == type->type && again->parameters.size() == type->parameters.size(),
        "a type stays the same", written);
  } else {
    check_error(type.error(), text);
  }
  demand(decode_encoded_words(text).size() <= text.size(), "decoding makes shorter");
  (void)encoded_word_fault(text, FieldKind::addresses);
  if (const auto word = encode_word(text)) {
    demand(decode_encoded_words(*word) == text, "an encoded word is read back", *word);
    demand(!encoded_word_fault(*word, FieldKind::unstructured), "an encoded word is good", *word);
  }
}

}  // namespace
}  // namespace icm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  icm::check_list(text);
  icm::check_mailbox(text);
  icm::check_domain(text);
  icm::check_others(text);
  return 0;
}
