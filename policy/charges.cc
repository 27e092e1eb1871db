// SPDX-License-Identifier: Apache-2.0
#include "policy/charges.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>

namespace icm {
namespace {

// A limit that cannot be asked keeps what was taken: less goes than might, never more.
constexpr std::chrono::milliseconds patience{250};

}  // namespace

void Charges::give_back(Charge* charge) noexcept {
  const std::unique_ptr<Charge> owned(charge);
  try {
    static_cast<void>(owned->limiter.give_back(owned->receipt, Deadline::in(patience)));
  } catch (const std::exception&) {
    // Out of memory: it stays taken.
  }
}

void Charges::pay_message(RateLimiter& limiter, RateReceipt receipt) {
  is_message_paid_ = true;
  pay_recipient(whole_message, limiter, std::move(receipt));
}

void Charges::pay_recipient(std::size_t index, RateLimiter& limiter, RateReceipt receipt) {
  if (receipt.taken.empty()) return;
  charges_.emplace_back(
      new Charge{.limiter = limiter, .receipt = std::move(receipt), .recipient = index});
}

std::uint32_t Charges::units_of(std::string_view counter) const {
  std::uint32_t units = 0;
  for (const auto& charge : charges_) {
    for (const RateReceipt::Taken& taken : charge->receipt.taken) {
      if (taken.counter == counter) units += taken.units;
    }
  }
  return units;
}

void Charges::return_all() {
  charges_.clear();
  is_message_paid_ = false;
}

void Charges::keep(const std::vector<std::size_t>& removed) {
  for (auto& charge : charges_) {
    if (std::ranges::find(removed, charge->recipient) != removed.end()) continue;
    const std::unique_ptr<Charge> kept(charge.release());
  }
  charges_.clear();
}

}  // namespace icm
