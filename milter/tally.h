// SPDX-License-Identifier: Apache-2.0
//
// Tally: counts what was decided, on its way into the log.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <string_view>

#include "milter/log.h"
#include "policy/base/guarded.h"
#include "policy/base/latency.h"
#include "policy/verdict.h"

namespace icm {

// Figures since the daemon started.
struct TallyFigures {
  using Count = std::uint64_t;
  using ByDisposition = std::array<Count, 5>;  // by the value of Disposition

  struct Rule {
    Count found = 0;      // violations and advice; of recipients, too
    Count acted = 0;      // of these, those that had an effect on the mail
    Count predicted = 0;  // with an answer of Apple's that is to be expected
    Count disputed = 0;   // that an independent library found otherwise
  };

  // Who decided what; names of static storage, empty where no policy did.
  struct Deciding {
    Decision::Event event = Decision::Event::message;
    Disposition disposition = Disposition::accept;
    std::string_view policy;
    std::string_view rule;
    auto operator<=>(const Deciding&) const = default;
  };

  ByDisposition messages{};      // decisions at the end of a message for Apple
  Count refused_recipients = 0;  // at RCPT
  Count deferred_recipients = 0;
  Count removed_recipients = 0;       // taken off mixed messages
  std::chrono::microseconds took{0};  // to judge all these messages
  std::chrono::microseconds longest{0};
  LatencyFigures latency;  // of the same
  std::map<Deciding, Count> decided;
  std::map<std::string_view, Rule> rules;  // by name, of static storage

  Count judged() const;
  Count of(Disposition disposition) const {
    return messages[static_cast<std::size_t>(disposition)];
  }
};

// Safe from any thread.
class Tally final : public Log {
 public:
  // What is logged goes on to `log`, which outlives this.
  explicit Tally(Log& log) : log_(log) {}

  void decision(Decision decision) override;
  void say(LogLevel level, std::string_view text) override { log_.say(level, text); }

  TallyFigures figures() const;

 private:
  Log& log_;
  Guarded<TallyFigures> figures_;
};

}  // namespace icm
