// SPDX-License-Identifier: Apache-2.0
//
// Resolver: the one door for all DNS questions. What stands behind it, a network or a file, is
// nobody else's business.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/base/ip_address.h"

namespace icm {

enum class RecordType { a, aaaa, mx, txt, ptr };

enum class DnsStatus {
  ok,            // there are records of this type
  no_data,       // the name exists, but has none of this type
  no_such_name,  // the name does not exist, nor anything below it (RFC 8020)
  temporary,     // no answer in time, or the servers failed; asking again may help
  bogus,         // DNSSEC validation failed: whatever came must not be used
};

std::string_view to_string(RecordType type);
std::string_view to_string(DnsStatus status);

struct MxRecord {
  std::uint16_t preference = 0;
  std::string host;  // lower case, without the final dot; empty for a null MX (RFC 7505)
  auto operator<=>(const MxRecord&) const = default;
};

// CNAMEs have been followed. Only the member of the asked type is filled.
struct DnsAnswer {
  DnsStatus status = DnsStatus::temporary;
  std::vector<std::string> texts;    // TXT: each record, its character-strings joined
  std::vector<IpAddress> addresses;  // A or AAAA
  std::vector<MxRecord> exchanges;   // MX, in no particular order
  std::vector<std::string> names;    // PTR: lower case, without the final dot
  std::chrono::seconds ttl{0};       // how long this may be kept, negative answers included
  bool authentic = false;            // DNSSEC-validated
  std::string problem;               // for the log when temporary or bogus

  // Whether what is read from it may be kept in memory: whoever owns a name decides how much is
  // there, up to 64 KiB, and thousands of names are kept.
  bool is_small() const;
  bool found() const { return status == DnsStatus::ok; }
  // RFC 7208 §4.6.4: "void lookup".
  bool is_void() const { return status == DnsStatus::no_data || status == DnsStatus::no_such_name; }
  // An answer that may change by asking again; bogus data counts, since a resolver in front of
  // Apple answers SERVFAIL for it (RFC 4035 §5.5).
  bool is_temporary() const { return status == DnsStatus::temporary || status == DnsStatus::bogus; }
};

// Safe from any thread.
class Resolver {
 public:
  virtual ~Resolver() = default;

  // `name` is any DNS name in presentation form without escapes, case and a final dot do not
  // matter. A name that cannot exist (RFC 1035 §2.3.4: an empty or over-long label, over 253
  // octets) is answered with no_such_name and never sent. Returns by `deadline`; an answer that
  // comes later is kept for the next who asks.
  virtual DnsAnswer query(std::string_view name, RecordType type, Deadline deadline) = 0;

  // Begins a lookup that somebody will want soon, and does not wait.
  virtual void prefetch(std::string_view name, RecordType type) = 0;
};

// Lower case, without the final dot; empty when the name cannot exist in the DNS.
std::string dns_name(std::string_view text);

// The name under in-addr.arpa or ip6.arpa (RFC 1035 §3.5, RFC 3596 §2.5).
std::string reverse_name(const IpAddress& address);

}  // namespace icm
