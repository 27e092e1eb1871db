// SPDX-License-Identifier: Apache-2.0
#include "policy/store/snapshot_keeper.h"

#include <algorithm>
#include <exception>
#include <limits>

#include <malloc.h>

#include "policy/base/text.h"
#include "policy/store/snapshot_file.h"

namespace icm {
namespace {

using Grade = StoreNotice::Grade;

constexpr std::chrono::seconds wait_for_store{1};
// Reading millions again and again would be in the way of mail.
constexpr std::chrono::milliseconds first_pause = std::chrono::seconds{1};
constexpr std::chrono::milliseconds longest_pause = std::chrono::minutes{5};
constexpr std::uint64_t worth_writing = 1000;  // changes: fewer are sooner read again
constexpr std::uint64_t most_entries = std::numeric_limits<std::uint32_t>::max() - 1;
constexpr std::size_t longest_text = 600;
constexpr int most_failed_refreshes = 3;  // then all of it is read

double mebibytes(std::size_t octets) { return static_cast<double>(octets) / (1 << 20); }

std::shared_ptr<const AddressSnapshot> shared(AddressSnapshot snapshot) {
  return std::make_shared<const AddressSnapshot>(std::move(snapshot));
}

// No change yet, of the same key and scopes.
std::shared_ptr<const AddressSnapshot> no_changes(const AddressSnapshot& all) {
  return shared(SnapshotBuilder(all).finish(all.cursor()));
}

// Stands where a store is that could not be opened yet.
class AbsentList final : public SuppressionList {
 public:
  Result<std::vector<Suppression>> find(const Mailbox&, const std::vector<std::string>&, bool,
                                        WallTime, Deadline) const override {
    return fail(Code::temporary, "the store could not be opened yet");
  }
};

std::shared_ptr<const SuppressionList> or_absent(std::unique_ptr<SuppressionList> list) {
  if (list == nullptr) return std::make_shared<AbsentList>();
  return list;
}

}  // namespace

SnapshotKeeper::SnapshotKeeper(Means means)
    : source_(std::move(means.source)),
      forms_(std::move(means.forms)),
      open_list_(std::move(means.open_list)),
      file_(std::move(means.file)),
      meanwhile_(std::move(means.meanwhile)),
      pace_(means.pace),
      most_recent_(means.most_recent),
      is_replaced_(means.list == nullptr),
      in_use_(InUse{.view = nullptr, .list = or_absent(std::move(means.list))}) {}

SnapshotKeeper::~SnapshotKeeper() { end(); }

Status SnapshotKeeper::stand_in(const Error& away) {
  const Status read = read_file();
  if (!read) {
    return fail(away.code, fmt::format("{}; the list as it was last seen cannot stand in: {}",
                                       away.text, read.error().text));
  }
  if (!in_use().view->is_of_our_key) return other_hash_key(file_, forms_.check_value());
  went_away(away);
  return {};
}

void SnapshotKeeper::begin(Hear hear) {
  if (thread_.joinable() || stops_) return;
  hear_.with([&](Hear& known) { known = std::move(hear); });
  if (const std::optional<Error> away = problem()) say_away(*away);
  thread_ = std::thread([this] { run(); });
}

void SnapshotKeeper::end() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    stops_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void SnapshotKeeper::hurry() {
  if (is_in_a_hurry_) return;
  {
    const std::scoped_lock lock(mutex_);
    is_in_a_hurry_ = true;
  }
  wake_.notify_all();
}

std::optional<Error> SnapshotKeeper::problem() const {
  return problem_.with([](const std::optional<Error>& problem) { return problem; });
}

SnapshotState SnapshotKeeper::state() const {
  SnapshotState state;
  state.file = file_;
  if (const auto view = in_use().view) {
    state.is_ready = true;
    state.entries = view->entries();
    state.recent = view->recent->size();
    state.memory = view->memory();
  }
  state.file_problem = file_problem_.with([](const std::string& problem) { return problem; });
  if (const auto error = problem()) state.away = error->text;
  return state;
}

void SnapshotKeeper::say(Grade grade, const std::string& text) {
  const Hear hear = hear_.with([](const Hear& known) { return known; });
  if (hear) hear({.grade = grade, .text = for_log("suppression list: " + text, longest_text)});
}

void SnapshotKeeper::went_away(const Error& error) {
  const bool is_news = problem_.with([&](std::optional<Error>& problem) {
    if (error.code == Code::permanent) is_damaged_ = true;
    if (problem) return false;
    problem = error;
    is_away_ = true;
    return true;
  });
  if (is_news) say_away(error);
}

void SnapshotKeeper::say_away(const Error& error) {
  say(Grade::warning, fmt::format("the store is away: {}; {}", error.text, meanwhile_));
}

void SnapshotKeeper::came_back() {
  const auto view = in_use().view;
  if (view != nullptr && !view->is_of_our_key) {
    const Status other = other_hash_key("the list in memory", forms_.check_value());
    return went_away(other.error());
  }
  const bool is_news = problem_.with([&](std::optional<Error>& problem) {
    if (is_damaged_) return false;  // a lookup has just found that out
    is_away_ = false;
    return std::exchange(problem, std::nullopt).has_value();
  });
  if (is_news) say(Grade::info, "the store answers again");
}

bool SnapshotKeeper::is_worth_asking() {
  if (!is_reading_ || is_damaged_) return false;
  const Time::time_point now = Time::now();
  Time::time_point next = next_question_;
  return now >= next && next_question_.compare_exchange_strong(next, now + wait_for_store);
}

void SnapshotKeeper::run() {
  // Nothing may fly out of a thread; what ran out of memory is tried again.
  const auto guarded = [this](auto deed) {
    try {
      deed();
    } catch (const std::exception& error) {
      say(Grade::warning, fmt::format("cannot follow the store: {}", error.what()));
      tried(Step::failed);
    }
  };
  guarded([this] {
    if (in_use().view != nullptr || file_.empty() || !SnapshotFile::is_there(file_)) return;
    const Status read = read_file();
    if (read) return;
    set_file_problem(read.error().text);
    say(Grade::warning, fmt::format("{}; it is made anew from the store", read.error().text));
  });
  while (!stops_) {
    guarded([this] { look(); });
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, pace_, [this] { return stops_ || is_in_a_hurry_; });
    is_in_a_hurry_ = false;
  }
  guarded([this] {
    if (writing_.valid()) writing_.wait();
    const auto view = in_use().view;
    if (view == nullptr || file_.empty() || is_from_file_) return;
    if (!is_saved_ || is_unwritten_ || view->recent->size() > worth_writing) fold(*view);
    if (writing_.valid()) writing_.wait();
  });
  // What is not followed any more is not answered from.
  in_use_.with([](InUse& in_use) { in_use.view = nullptr; });
}

void SnapshotKeeper::use(SnapshotView view) {
  look_for_forms(view, forms_);
  auto next = std::make_shared<const SnapshotView>(std::move(view));
  // The earlier one is given back outside the lock: millions of pages take their time.
  in_use_.with([&](InUse& in_use) { in_use.view.swap(next); });
}

// Something was written that the view does not have: the store is asked until it does.
void SnapshotKeeper::doubt() {
  const auto view = in_use().view;
  if (view == nullptr || !view->generation) return;
  use({.all = view->all, .recent = view->recent, .generation = std::nullopt});
}

// Answers for the store while that is away; when it is there, it has to be compared first.
Status SnapshotKeeper::read_file() {
  ICM_TRY(AddressSnapshot read, SnapshotFile::read(file_));
  is_saved_ = true;
  is_from_file_ = true;
  auto all = shared(std::move(read));
  auto recent = no_changes(*all);
  use({.all = std::move(all), .recent = std::move(recent), .generation = std::nullopt});
  return {};
}

void SnapshotKeeper::tried(Step step) {
  is_reading_ = false;
  pause_ = step == Step::done ? std::chrono::milliseconds{}
                              : std::clamp(2 * pause_, first_pause, longest_pause);
  next_try_ = Time::now() + pause_;
}

// The store has answered a moment ago, and is not away: lookups go on asking it, and notice when it
// is, rather than being told what memory knew before.
SnapshotKeeper::Step SnapshotKeeper::could_not_read(const Error& error) {
  if (error.code != Code::temporary) {
    went_away(error);
  } else if (std::exchange(unread_, error.text) != error.text) {
    say(Grade::warning, fmt::format("what has changed cannot be read: {}; until it can, the store "
                                    "is asked for every recipient",
                                    error.text));
  }
  return Step::failed;
}

SnapshotKeeper::Step SnapshotKeeper::reopen_list() {
  auto list = open_list_(Deadline::in(wait_for_store));
  if (!list) {
    went_away(list.error());
    return Step::failed;
  }
  in_use_.with([&](InUse& in_use) { in_use.list = *std::move(list); });
  return Step::done;
}

void SnapshotKeeper::look() {
  // Before anything is read: what is written from now on raises it again.
  const std::uint64_t generation = source_->generation();
  const auto seen = source_->look(Deadline::in(wait_for_store));
  if (!seen) return went_away(seen.error());
  if (*seen == SuppressionSource::Seen::replaced) {
    say(Grade::warning, "another store stands in the place of the one that was there");
    is_replaced_ = true;
    is_damaged_ = false;
    doubt();
  }
  if (is_replaced_) {
    if (reopen_list() == Step::failed) return;
    is_replaced_ = false;
  }
  if (is_damaged_) {
    static_cast<void>(make_anew(generation));
    return;
  }
  came_back();
  const auto view = in_use().view;
  if (is_unwritten_ && view != nullptr && !is_writing()) begin_writing(view->all);
  const bool is_current = view != nullptr && view->generation == generation;
  if (is_current && *seen == SuppressionSource::Seen::same) return;
  if (refresh(generation) == Step::failed) doubt();
}

// Takes over what has changed since the view that is in use.
SnapshotKeeper::Step SnapshotKeeper::refresh(std::uint64_t generation) {
  const auto view = in_use().view;
  const bool is_hopeless = failed_refreshes_ >= most_failed_refreshes && Time::now() >= next_try_;
  if (view == nullptr || is_hopeless) return make_anew(generation);
  SnapshotBuilder builder(*view->recent);
  std::string key;  // of the address whose entries come
  bool has_entries = true;
  const auto end_address = [&] {
    if (!has_entries) builder.end(key);
  };
  is_reading_ = true;
  const auto next = source_->changes(
      view->cursor(), most_recent_,
      [&](std::string_view changed) {
        end_address();
        key = changed;
        has_entries = false;
      },
      [&](const SourceEntry& entry) {
        has_entries = true;
        builder.add(entry);
        return !stops_;
      },
      Deadline::in(wait_for_store));
  is_reading_ = false;
  if (stops_) return Step::failed;
  if (!next) {
    ++failed_refreshes_;
    return could_not_read(next.error());
  }
  failed_refreshes_ = 0;
  unread_.clear();
  if (!*next) {
    if (is_from_file_) {
      say(Grade::warning,
          fmt::format("{}: its {} entries are of another store, of a later day than this one, or "
                      "too much has changed since; it is made anew",
                      file_, view->entries()));
    }
    is_from_file_ = false;
    doubt();
    return make_anew(generation);
  }
  end_address();
  SnapshotView after{.all = view->all, .recent = view->recent, .generation = generation};
  if (builder.size() > 0 || **next != view->cursor()) {
    after.recent = shared(AddressSnapshot::merge(*view->recent, std::move(builder).finish(**next),
                                                 AddressSnapshot::Ended::keep));
  }
  if (std::exchange(is_from_file_, false)) {
    say(Grade::info, fmt::format("{} entries in memory ({:.1f} MiB), read from {}", after.entries(),
                                 mebibytes(after.memory()), file_));
  }
  if (after.recent->size() > most_recent_) {
    fold(after);
  } else {
    use(std::move(after));
  }
  return Step::done;
}

// Puts all and what is recent together, in memory and in the file.
void SnapshotKeeper::fold(const SnapshotView& view) {
  auto all = shared(AddressSnapshot::merge(*view.all, *view.recent, AddressSnapshot::Ended::drop));
  auto recent = no_changes(*all);
  use({.all = all, .recent = std::move(recent), .generation = view.generation});
  begin_writing(std::move(all));
}

SnapshotKeeper::Step SnapshotKeeper::make_anew(std::uint64_t generation) {
  if (Time::now() < next_try_) return Step::failed;
  const auto began = Time::now();
  SnapshotBuilder builder;
  is_reading_ = true;
  const auto cursor = source_->each([&](const SourceEntry& entry) {
    builder.add(entry);
    return !stops_ && builder.size() < most_entries;
  });
  if (stops_) return Step::failed;
  tried(cursor ? Step::done : Step::failed);
  if (!cursor) return could_not_read(cursor.error());
  failed_refreshes_ = 0;
  unread_.clear();
  is_damaged_ = false;
  came_back();
  auto all = shared(std::move(builder).finish(*cursor));
  auto recent = no_changes(*all);
  use({.all = all, .recent = std::move(recent), .generation = generation});
  is_from_file_ = false;
  // What the entries were gathered in is as large again, and would be kept for what never comes.
  ::malloc_trim(0);
  const std::chrono::duration<double> took = Time::now() - began;
  say(Grade::info, fmt::format("{} entries in memory ({:.1f} MiB), read from the store in {:.1f} s",
                               all->size(), mebibytes(all->memory()), took.count()));
  begin_writing(std::move(all));
  return Step::done;
}

bool SnapshotKeeper::is_writing() const {
  return writing_.valid() && writing_.wait_for(Time::duration::zero()) != std::future_status::ready;
}

}  // namespace icm
