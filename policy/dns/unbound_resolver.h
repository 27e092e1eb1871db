// SPDX-License-Identifier: Apache-2.0
//
// UnboundResolver: answers from the network, through libunbound and its cache, which all threads
// share.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "policy/base/name_server.h"
#include "policy/base/result.h"
#include "policy/dns/async_resolver.h"
#include "policy/dns/dns_figures.h"

namespace icm {

struct UnboundOptions {
  std::vector<NameServer> servers;  // asked for everything; one at least
  std::string trust_anchor;         // a file; empty: answers are not validated here
  std::chrono::seconds timeout{5};  // for one answer, whatever the deadline allows
  bool operator==(const UnboundOptions&) const = default;
};

// Questions that several ask at the same time are sent once. An answer that comes too late for
// those who asked stays in the cache. At most 1024 questions are on their way at any time, and no
// more than a quarter of the descriptors the process may have; one more is answered with
// `temporary` at once. Prefetches and who does not wait take half of these places at most; one more
// is not begun, or answered likewise.
//
// It has two threads, which get no signals. The process must not fork and go on with it.
// When it is destroyed nobody may be asking any more; what is on its way is dropped, whatever the
// servers do.
class UnboundResolver final : public AsyncResolver {
 public:
  // Sends nothing. The Error (Code::config) says what the administrator has to change.
  [[nodiscard]] static Result<std::unique_ptr<UnboundResolver>> open(const UnboundOptions& options);

  DnsAnswer query(std::string_view name, RecordType type, Deadline deadline) override;
  void prefetch(std::string_view name, RecordType type) override;
  void ask(std::string_view name, RecordType type, Then then) override;

  DnsFigures figures() const;

 private:
  class Lookups;
  UnboundResolver(std::shared_ptr<Lookups> lookups, std::chrono::seconds timeout)
      : lookups_(std::move(lookups)), timeout_(timeout) {}

  std::shared_ptr<Lookups> lookups_;
  std::chrono::seconds timeout_;
};

}  // namespace icm
