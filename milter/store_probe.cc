// SPDX-License-Identifier: Apache-2.0
#include "milter/store_probe.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "milter/store_risks.h"
#include "policy/base/deadline.h"
#include "policy/base/mailbox.h"
#include "policy/base/text.h"
#include "policy/store/snapshot_list.h"

namespace icm {
namespace {

std::string problem_of(const World& world, WallTime now, Deadline deadline) {
  const auto nobody = Mailbox::parse("postmaster@icloud.com");
  const auto& snapshot = world.snapshot();
  const auto found = snapshot == nullptr
                         ? world.suppression().find(*nobody, {}, false, now, deadline)
                         : snapshot->find_in_store(*nobody, {}, false, now, deadline);
  if (!found) return found.error().text;
  // The follower looks at every part of the list, several times a second.
  std::string away = snapshot == nullptr ? std::string() : snapshot->state().away;
  if (!away.empty() || world.ledger() == nullptr) return away;
  const auto standing = world.ledger()->find(*nobody, {}, deadline);
  return standing ? std::string() : standing.error().text;
}

// Nothing may fly out of a thread.
StoreHealth ask(const World& world, const std::string& credentials_directory, WallTime now,
                Deadline deadline) {
  try {
    StoreHealth health{.problem = problem_of(world, now, deadline), .risks = {}};
    if (!health.problem.empty()) return health;
    health.risks = store_risks(world.config().store, credentials_directory, deadline);
    return health;
  } catch (const std::exception& error) {
    return {.problem = for_log(error.what()), .risks = {}};
  }
}

}  // namespace

struct StoreProbe::Question {
  WallTime since{};
  Deadline::Time::time_point latest{};  // when nobody waits for the answer any more
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<StoreHealth> health;  // the answer
};

bool StoreProbe::is_answered() const {
  const std::scoped_lock lock(question_->mutex);
  return question_->health.has_value();
}

StoreProbe::~StoreProbe() {
  if (question_ == nullptr) return;
  std::unique_lock lock(question_->mutex);
  question_->answered.wait_until(lock, question_->latest,
                                 [this] { return question_->health.has_value(); });
}

StoreHealth StoreProbe::health(std::shared_ptr<const World> world, WallTime now) {
  const Deadline deadline = Deadline::in(patience_);
  if (question_ == nullptr || is_answered()) {
    const auto question = std::make_shared<Question>();
    question->since = now;
    // Nobody can end a thread that waits for a disk, so nobody waits for it long: it holds on to
    // what it needs, and has let go of it when it answers.
    std::thread([question, world = std::move(world), credentials = credentials_directory_, now,
                 deadline]() mutable {
      StoreHealth health = ask(*world, credentials, now, deadline);
      world.reset();
      {
        const std::scoped_lock lock(question->mutex);
        question->health = std::move(health);
      }
      question->answered.notify_all();
    }).detach();
    question_ = question;
  }
  // A store that keeps to the deadline says what it waited for.
  question_->latest = deadline.end() + patience_;
  std::unique_lock lock(question_->mutex);
  question_->answered.wait_until(lock, question_->latest,
                                 [this] { return question_->health.has_value(); });
  return question_->health.value_or(StoreHealth{
      .problem =
          fmt::format("no answer since {}; is the disk stalled?", to_rfc3339(question_->since)),
      .risks = {}});
}

}  // namespace icm
