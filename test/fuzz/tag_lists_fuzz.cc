// SPDX-License-Identifier: Apache-2.0
//
// Any octets as what DKIM, ARC and DMARC write in tags: a signature field, a key record, a policy
// record.
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/auth/dmarc_record.h"
#include "policy/auth/key_record.h"
#include "policy/auth/signature.h"
#include "policy/auth/tag_list.h"
#include "test/fuzz/demand.h"

namespace {

using icm::demand;

void check_list(std::string_view text) {
  const auto list = icm::TagList::parse(text);
  if (!list) return demand(!list.error().text.empty(), "an Error without words");
  for (const icm::Tag& tag : list->tags()) {
    demand(list->find(tag.name) == &tag, "a name occurs twice", tag.name);
    demand(tag.value_begin <= tag.value_end && tag.value_end <= text.size(),
           "a value stands outside of the text", tag.name);
    demand(text.substr(tag.value_begin, tag.value_end - tag.value_begin).find(tag.value) !=
               std::string_view::npos,
           "the value is not where it stands", tag.name);
    demand(!icm::colon_list(tag.value).empty(), "a list without pieces");
  }
}

void check_signature(std::string_view text) {
  for (const auto kind : {icm::SignatureKind::dkim, icm::SignatureKind::arc_message}) {
    const auto tags = icm::parse_signature(text, kind);
    if (!tags) continue;
    demand(!tags->fields.empty() && !tags->signature.empty() && !tags->domain.empty(),
           "a signature of nothing");
    // Without its b= it is the same for everybody, however often it is taken out.
    const std::string bare = icm::without_signature(text);
    demand(icm::without_signature(bare) == bare, "b= was not all of it", bare);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(octets), size);
  check_list(text);
  check_signature(text);
  if (const auto key = icm::parse_key_record(text)) demand(key->key.bits() > 0, "a key of no bits");
  if (const auto record = icm::parse_dmarc_record(text))
    demand(record->text == text, "the record is not what was read");
  return 0;
}
