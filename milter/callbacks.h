// SPDX-License-Identifier: Apache-2.0
//
// Callbacks: libmilter's functions as steps of a Session. With libmilter_mta the only user of
// <libmilter/…>. No exception passes from here into libmilter.
#pragma once

#include <atomic>
#include <string>

#include "milter/session.h"
#include "policy/base/result.h"

namespace icm {

// How many messages are between MAIL and their last answer; for a stop that waits for them.
class MessagesInFlight {
 public:
  int count() const { return count_.load(std::memory_order_relaxed); }
  void begin() { count_.fetch_add(1, std::memory_order_relaxed); }
  void end() { count_.fetch_sub(1, std::memory_order_relaxed); }

  // From now on messages that begin are answered with "try again", so that a connection which never
  // pauses does not keep a stop waiting.
  void close() { is_closed_.store(true, std::memory_order_relaxed); }
  bool is_closed() const { return is_closed_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int> count_ = 0;
  std::atomic<bool> is_closed_ = false;
};

// What all connections of this process share; libmilter hands no pointer of ours to the first
// callback of a connection. References outlive every connection.
struct CallbackContext {
  SessionContext sessions;
  MessagesInFlight& in_flight;
  std::atomic<int>& connections;  // open now
};

// Tells libmilter who answers. Called once, before open_milter_socket.
[[nodiscard]] Status register_callbacks(CallbackContext& context);

// Has libmilter bind and listen at `address`, in its own notation. An existing path is never
// removed.
[[nodiscard]] Status open_milter_socket(const std::string& address);

// Serves connections until the process ends. Runs in a thread of its own with all signals blocked:
// libmilter would take HUP, TERM and INT for itself.
[[nodiscard]] Status serve_milter();

// What a mail server offers when it connects, and what we take of it.
struct Terms {
  unsigned long actions = 0;
  unsigned long steps = 0;
  std::string missing;  // in words; not empty: this mail server cannot be served
  bool operator==(const Terms&) const = default;
};
Terms terms_for(unsigned long offered_actions, unsigned long offered_steps);

}  // namespace icm
