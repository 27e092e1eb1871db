// SPDX-License-Identifier: Apache-2.0
#include "milter/store_probe.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "policy/base/deadline.h"
#include "policy/base/mailbox.h"
#include "policy/base/text.h"
#include "policy/store/snapshot_list.h"

namespace icm {
namespace {

// Nothing may fly out of a thread.
std::string ask(const World& world, WallTime now, Deadline deadline) {
  try {
    const auto nobody = Mailbox::parse("postmaster@icloud.com");
    const auto& snapshot = world.snapshot();
    const auto found = snapshot == nullptr
                           ? world.suppression().find(*nobody, {}, false, now, deadline)
                           : snapshot->find_in_store(*nobody, {}, false, now, deadline);
    if (!found) return found.error().text;
    return snapshot == nullptr ? std::string() : snapshot->state().away;
  } catch (const std::exception& error) {
    return for_log(error.what());
  }
}

}  // namespace

struct StoreProbe::Question {
  WallTime since{};
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<std::string> problem;  // the answer
};

StoreProbe::StoreProbe(std::chrono::milliseconds patience) : patience_(patience) {}

std::string StoreProbe::problem(std::shared_ptr<const World> world, WallTime now) {
  const Deadline deadline = Deadline::in(patience_);
  const auto is_under_way = [this] {
    const std::scoped_lock lock(question_->mutex);
    return !question_->problem;
  };
  if (question_ == nullptr || !is_under_way()) {
    const auto question = std::make_shared<Question>();
    question->since = now;
    // Nobody can end a thread that waits for a disk, so nobody waits for it either: it holds on to
    // what it needs.
    std::thread([question, world = std::move(world), now, deadline] {
      const std::string problem = ask(*world, now, deadline);
      {
        const std::scoped_lock lock(question->mutex);
        question->problem = problem;
      }
      question->answered.notify_all();
    }).detach();
    question_ = question;
  }
  std::unique_lock lock(question_->mutex);
  // A store that keeps to the deadline says what it waited for.
  const auto end = deadline.end() + patience_;
  question_->answered.wait_until(lock, end, [this] { return question_->problem.has_value(); });
  return question_->problem.value_or(
      fmt::format("no answer since {}; is the disk stalled?", to_rfc3339(question_->since)));
}

}  // namespace icm
