// SPDX-License-Identifier: Apache-2.0
//
// LinesResolver: a zone whose TXT records a fuzzer chooses, one line each; everything else stands
// still.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/text.h"
#include "policy/dns/resolver.h"

namespace icm {

class LinesResolver final : public Resolver {
 public:
  // The first line is the TXT record of the first name, and so on; further lines belong to the
  // last.
  LinesResolver(std::string_view lines, const std::vector<std::string>& names) {
    const auto texts = split(lines, '\n');
    for (std::size_t i = 0; i < texts.size(); ++i)
      texts_[names[std::min(i, names.size() - 1)]].emplace_back(texts[i]);
  }

  DnsAnswer query(std::string_view name, RecordType type, Deadline) override {
    const std::string wanted = dns_name(name);
    DnsAnswer answer;
    answer.status = DnsStatus::no_such_name;
    if (wanted.empty()) return answer;
    if (wanted.starts_with("late.")) {
      answer.status = DnsStatus::temporary;
      answer.problem = "late";
      return answer;
    }
    const auto texts = texts_.find(wanted);
    if (type == RecordType::txt && texts != texts_.end()) answer.texts = texts->second;
    if (type == RecordType::a && wanted.starts_with("host."))
      answer.addresses.push_back(IpAddress::v4({192, 0, 2, 10}));
    if (type == RecordType::mx && wanted.starts_with("mail."))
      answer.exchanges = {{10, "host.example.com"}, {20, "gone.example.com"}};
    if (type == RecordType::ptr) answer.names = {"host.example.com"};
    const bool has_records = !answer.texts.empty() || !answer.addresses.empty() ||
                             !answer.exchanges.empty() || !answer.names.empty();
    if (has_records) answer.status = DnsStatus::ok;
    return answer;
  }
  void prefetch(std::string_view, RecordType) override {}

 private:
  std::map<std::string, std::vector<std::string>> texts_;
};

}  // namespace icm
