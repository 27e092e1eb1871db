// SPDX-License-Identifier: Apache-2.0
//
// ZoneResolver: answers from a file instead of the network: "what if I published this?"
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "policy/base/result.h"
#include "policy/dns/resolver.h"

namespace icm {

// The JSON of a zone file, as `--zone` takes it:
//   {"name.": {"TXT": ["text", ["chunk", "chunk"]], "A": ["192.0.2.1"], "AAAA": ["2001:db8::1"],
//              "MX": [[10, "host."]], "PTR": ["host."], "CNAME": ["target."], "SPF": ["text"]}}
// A list that holds "TIMEOUT" makes that query fail temporarily; a "TIMEOUT" in CNAME makes every
// query of the name fail. SPF (type 99) is read and never asked for (RFC 7208 §3.1). A name that
// has something below it exists without data (RFC 8020).
// Immutable after parsing, safe from any thread.
class ZoneResolver final : public Resolver {
 public:
  // The Error names the place in the file and what was expected.
  [[nodiscard]] static Result<ZoneResolver> parse(std::string_view json);
  [[nodiscard]] static Result<ZoneResolver> load(const std::string& path);

  DnsAnswer query(std::string_view name, RecordType type, Deadline deadline) override;
  void prefetch(std::string_view, RecordType) override {}

 private:
  struct Node {
    std::map<RecordType, DnsAnswer> answers;
    std::string alias;  // CNAME target
    bool alias_times_out = false;
  };
  class Reader;
  std::map<std::string, Node> nodes_;
  std::set<std::string> interior_;  // names that exist only because something is below them
};

}  // namespace icm
