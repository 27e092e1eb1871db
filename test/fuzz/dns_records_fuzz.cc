// SPDX-License-Identifier: Apache-2.0
//
// Any octets as the data of a record, as a resolv.conf and as the name of a server. What is taken
// must be no longer than what came, and a server must be read back as it is written.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/dns/record_data.h"
#include "policy/dns/resolv_conf.h"
#include "test/fuzz/demand.h"

namespace {

using icm::demand;
using icm::RecordType;

void check_record(RecordType type, std::string_view data) {
  icm::DnsAnswer answer;
  const icm::Status read = icm::read_record_data(type, data, answer);
  const std::size_t records =
      answer.texts.size() + answer.addresses.size() + answer.exchanges.size() + answer.names.size();
  demand(records == (read ? 1u : 0u), "not one record for one", read ? "" : read.error().text);
  demand(read || !read.error().text.empty(), "an error without a text");
  for (const std::string& text : answer.texts) demand(text.size() < data.size() + 1, "grew", text);
  for (const std::string& name : answer.names) {
    demand(!name.ends_with('.') && name.size() <= 4 * data.size(), "no such name", name);
  }
}

void check_server(const icm::NameServer& server) {
  const auto again = icm::NameServer::parse(server.text());
  demand(again && *again == server, "read back as another", server.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view data(reinterpret_cast<const char*>(octets), size);
  for (const RecordType type :
       {RecordType::a, RecordType::aaaa, RecordType::mx, RecordType::txt, RecordType::ptr}) {
    check_record(type, data);
  }
  const auto servers = icm::parse_resolv_conf(data);
  demand(!servers.empty(), "no server at all");
  for (const icm::NameServer& server : servers) check_server(server);
  if (const auto server = icm::NameServer::parse(data)) check_server(*server);
  return 0;
}
