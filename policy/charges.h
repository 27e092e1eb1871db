// SPDX-License-Identifier: Apache-2.0
//
// Charges: what a message has taken of limits so far. What is not kept is given back when this
// ends, however the message ends: refused, aborted, or with its connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "policy/base/handle.h"
#include "policy/store/rate_limiter.h"

namespace icm {

// Not synchronised; must not outlive the limiters.
class Charges {
 public:
  // Whether what a message costs as a whole is paid for: its first recipient does that.
  bool is_message_paid() const { return is_message_paid_; }

  // Whether the recipients of the message share one answer, as those of mail that came by no SMTP:
  // none of them can come again without the others.
  bool have_one_answer() const { return have_one_answer_; }
  void answer_as_one() { have_one_answer_ = true; }

  // Units of a counter that the message holds.
  std::uint32_t units_of(std::string_view counter) const;

  void pay_message(RateLimiter& limiter, RateReceipt receipt);

  // `index`: of the recipient in Envelope::recipients.
  void pay_recipient(std::size_t index, RateLimiter& limiter, RateReceipt receipt);

  // The message goes on to all but these.
  void keep(const std::vector<std::size_t>& removed);

  // Gives all of it back at once.
  void return_all();

 private:
  struct Charge {
    RateLimiter& limiter;
    RateReceipt receipt;
    std::size_t recipient;
  };
  static void give_back(Charge* charge) noexcept;
  static constexpr std::size_t whole_message = static_cast<std::size_t>(-1);

  std::vector<Handle<Charge, give_back>> charges_;
  bool is_message_paid_ = false;
  bool have_one_answer_ = false;
};

}  // namespace icm
