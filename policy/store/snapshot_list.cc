// SPDX-License-Identifier: Apache-2.0
#include "policy/store/snapshot_list.h"

namespace icm {
namespace {

// Of a message's time, for a store that may be away when memory could answer as well.
constexpr std::chrono::seconds share_of_store{1};

// A store that does not answer a question with less time than that is not away yet.
constexpr std::chrono::milliseconds least_time{200};

SnapshotKeeper::Means with_words(SnapshotKeeper::Means means,
                                 SnapshotSuppressionList::WhileAway while_away) {
  means.meanwhile = while_away == SnapshotSuppressionList::WhileAway::last_known
                        ? "what is in memory of the list answers"
                        : "policies do what their on_error says";
  return means;
}

}  // namespace

SnapshotSuppressionList::SnapshotSuppressionList(SnapshotKeeper::Means means, WhileAway while_away)
    : while_away_(while_away), keeper_(with_words(std::move(means), while_away)) {}

Result<std::vector<Suppression>> SnapshotSuppressionList::from_memory(SnapshotAnswer answer) const {
  if (answer.is_unreadable) {
    return other_hash_key("what is in memory of the list", keeper_.forms().check_value());
  }
  if (!answer.is_vague) return std::move(answer.entries);
  const std::optional<Error> problem = keeper_.problem();
  return fail(Code::temporary,
              fmt::format("{}; in memory there is no room for the scopes of all entries, so it "
                          "cannot answer for this mail",
                          problem ? problem->text : "the store did not answer"));
}

Result<std::vector<Suppression>> SnapshotSuppressionList::counted(
    Result<std::vector<Suppression>> found, std::atomic<std::uint64_t>& answered) const {
  (found ? answered : failed_).fetch_add(1, std::memory_order_relaxed);
  return found;
}

bool SnapshotSuppressionList::is_current() const {
  const std::uint64_t generation = keeper_.source().generation();
  const SnapshotKeeper::InUse in_use = keeper_.in_use();
  return in_use.view != nullptr && in_use.view->generation == generation;
}

Result<std::vector<Suppression>> SnapshotSuppressionList::find(
    const Mailbox& mailbox, const std::vector<std::string>& scopes, bool siblings, WallTime now,
    Deadline deadline) const {
  // First the generation, then the view: whatever was acknowledged before this line is in a view of
  // this generation.
  const std::uint64_t generation = keeper_.source().generation();
  const SnapshotKeeper::InUse in_use = keeper_.in_use();
  const auto ask_memory = [&] {
    return ask_view(*in_use.view, keeper_.forms(), mailbox, scopes, siblings, now);
  };
  const bool is_known = in_use.view != nullptr;
  const bool may_stand_in = is_known && while_away_ == WhileAway::last_known;
  const bool is_away = keeper_.is_away();
  if (is_away && !keeper_.is_worth_asking()) {
    if (may_stand_in) return counted(from_memory(ask_memory()), memory_);
    // A lock may end within the time there is; what is gone or damaged needs somebody's hand.
    const std::optional<Error> problem = keeper_.problem();
    if (problem && problem->code != Code::temporary) {
      return counted(tl::make_unexpected(*problem), store_);
    }
  } else if (!is_away && is_known && in_use.view->generation == generation) {
    const SnapshotAnswer answer = ask_memory();
    if (answer.is_nothing()) return counted(answer.entries, memory_);
  } else if (is_known && in_use.view->generation) {
    keeper_.hurry();
  }
  const bool is_late = deadline.left() < least_time;
  Result<std::vector<Suppression>> found = in_use.list->find(
      mailbox, scopes, siblings, now, may_stand_in ? deadline.at_most(share_of_store) : deadline);
  if (found) {
    if (is_away) keeper_.came_back();
    return counted(std::move(found), store_);
  }
  if (!is_late) keeper_.went_away(found.error());
  if (!may_stand_in) return counted(std::move(found), store_);
  return counted(from_memory(ask_memory()), memory_);
}

}  // namespace icm
