// SPDX-License-Identifier: Apache-2.0
//
// Any octets as a zone file, and its names asked for. An answer must be of the kind that its status
// promises, whatever the file says.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/text.h"
#include "policy/dns/zone_resolver.h"
#include "test/fuzz/demand.h"

namespace {

using icm::demand;
using icm::RecordType;

constexpr std::size_t max_names = 16;  // asked of one file

void check(icm::ZoneResolver& zone, std::string_view name) {
  for (const RecordType type :
       {RecordType::a, RecordType::aaaa, RecordType::mx, RecordType::txt, RecordType::ptr}) {
    const icm::DnsAnswer answer =
        zone.query(name, type, icm::Deadline::in(std::chrono::seconds{1}));
    const std::size_t records = answer.texts.size() + answer.addresses.size() +
                                answer.exchanges.size() + answer.names.size();
    demand(!answer.found() || records > 0, "ok without a record", name);
    demand(!answer.is_void() || records == 0, "void with a record", name);
    demand(answer.is_temporary() || answer.problem.empty(), "a problem that is none", name);
    demand(!answer.is_temporary() || !answer.problem.empty(), "temporary, without a word", name);
    demand(!icm::dns_name(name).empty() || answer.status == icm::DnsStatus::no_such_name,
           "a name that cannot exist was found", name);
    demand(answer.addresses.empty() || type == RecordType::a || type == RecordType::aaaa,
           "addresses for another type", name);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(octets), size);
  auto zone = icm::ZoneResolver::parse(text);
  if (!zone) {
    demand(!zone.error().text.empty(), "an error without a text");
    return 0;
  }
  // What stands in quotes is likely to be a name of the zone.
  std::size_t asked = 0;
  for (const std::string_view piece : icm::split(text, '"')) {
    if (++asked > max_names) break;
    check(*zone, piece);
  }
  return 0;
}
