// SPDX-License-Identifier: Apache-2.0
//
// UnboundContext: libunbound in our types: questions go in, answers come out. Who waits for them is
// not its business.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "policy/base/result.h"
#include "policy/dns/resolver.h"
#include "policy/dns/unbound_resolver.h"

namespace icm {

// ask() from any thread; process() from one. It has a thread of its own, which ends with it; what
// is on its way then is never answered. The thread gets the signals that the caller of open() gets.
class UnboundContext {
 public:
  // One question, which must outlive its answer.
  class Question {
   public:
    virtual ~Question() = default;
    virtual RecordType type() const = 0;
    // Within process(). `temporary` without a problem means that memory ran out.
    virtual void take(DnsAnswer answer) noexcept = 0;
  };

  // Sends nothing. Uses `sockets` of them at most. The Error (Code::config) says what the
  // administrator has to change.
  [[nodiscard]] static Result<UnboundContext> open(const UnboundOptions& options,
                                                   std::size_t sockets);

  // `name` as dns_name() makes it. The Error: it will not be answered.
  [[nodiscard]] Status ask(std::string_view name, Question& question);

  int fd() const;  // readable when there are answers
  void process();  // hands out those that have come

 private:
  struct Library;
  explicit UnboundContext(std::shared_ptr<Library> library) : library_(std::move(library)) {}
  std::shared_ptr<Library> library_;
};

}  // namespace icm
