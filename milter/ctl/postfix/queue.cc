// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/queue.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <set>
#include <span>
#include <system_error>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

// In the order in which mail goes through them, hold last.
constexpr std::array<const char*, 4> queues = {"incoming", "active", "deferred", "hold"};

constexpr std::size_t at_a_time = 50;        // for postcat
constexpr std::size_t many_at_a_time = 500;  // for postsuper, which only renames
constexpr std::size_t takes_a_while = 2000;  // messages

// "*** ENVELOPE RECORDS deferred/A/A1B2C3D4 ***"
constexpr std::string_view heading = "*** ENVELOPE RECORDS ";
constexpr std::string_view filter = "content_filter: icloud-out:";

// postsuper(1): letters and digits, by the system's clock and the file's number.
bool is_queue_id(std::string_view name) {
  return name.size() >= 5 && name.size() <= 100 &&
         std::ranges::all_of(name, [](char c) { return is_alpha(c) || is_digit(c); });
}

// hash_queue_names, hash_queue_depth: a queue may have folders within folders.
Status list_folder(const std::filesystem::path& folder, const std::string& queue,
                   std::vector<QueuedMessage>& messages) {
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code gone;  // which it may be by now
    if (entry->symlink_status(gone).type() != std::filesystem::file_type::regular) continue;
    if (is_queue_id(name)) messages.push_back({.id = name, .queue = queue});
  }
  if (!error || error == std::errc::no_such_file_or_directory) return {};
  return fail(Code::permanent,
              fmt::format("{}: cannot be read: {}", folder.string(), error.message()));
}

// What postcat says of these, in pieces that can be listened to.
Result<Envelopes> ask_about(const PostfixPrograms& programs, std::span<const std::string> ids) {
  Envelopes all;
  const auto add = [&](const Envelopes& more) {
    all.looked_at.insert(all.looked_at.end(), more.looked_at.begin(), more.looked_at.end());
    all.passed.insert(all.passed.end(), more.passed.begin(), more.passed.end());
  };
  while (!ids.empty()) {
    std::vector<std::string> arguments = {"-e", "-q"};
    arguments.insert(arguments.end(), ids.begin(), ids.end());
    const Result<ProgramEnd> end = programs.ask("postcat", std::move(arguments));
    if (!end) {
      // It said more than can be listened to. What has passed the gate has no more recipients than
      // smtpd takes at a time, so one message alone never does.
      if (end.error().code != Code::permanent) return tl::make_unexpected(end.error());
      if (ids.size() == 1) {
        all.looked_at.push_back(ids.front());
        return all;
      }
      const std::size_t half = ids.size() / 2;
      ICM_TRY(const Envelopes first, ask_about(programs, ids.first(half)));
      ICM_TRY(const Envelopes second, ask_about(programs, ids.subspan(half)));
      add(first);
      add(second);
      return all;
    }
    const Envelopes some = read_envelopes(end->output);
    add(some);
    if (end->status == 0) return all;
    // It ends where one has left, or was moved by qmgr just then; the others are still to be asked
    // for.
    ids = ids.subspan(std::min(std::max<std::size_t>(some.looked_at.size(), 1), ids.size()));
  }
  return all;
}

Status queue_anew(const PostfixPrograms& programs, std::span<const std::string> ids) {
  while (!ids.empty()) {
    std::string input;
    const std::size_t count = std::min(many_at_a_time, ids.size());
    for (const std::string& id : ids.first(count)) input += id + "\n";
    ICM_TRY(const ProgramEnd end, programs.ask("postsuper", {"-r", "-"}, input));
    if (end.status != 0) {
      return fail(Code::temporary, fmt::format("postsuper -r ended with status {}: {}", end.status,
                                               excerpt(trim(end.errors), 400)));
    }
    ids = ids.subspan(count);
  }
  return {};
}

// Of one look at the queue after the other.
class Requeueing {
 public:
  explicit Requeueing(const PostfixPrograms& programs) : programs_(programs) {}

  // Those of which it is not known yet that they stay where they are.
  std::vector<QueuedMessage> open_among(const std::vector<QueuedMessage>& messages) const {
    std::vector<QueuedMessage> open;
    for (const QueuedMessage& one : messages) {
      if (!settled_.contains(one.id)) open.push_back(one);
    }
    return open;
  }

  Status look_at(std::span<const QueuedMessage> messages) {
    while (!messages.empty()) {
      const auto some = messages.first(std::min(at_a_time, messages.size()));
      ICM_CHECK(requeue_among(some));
      messages = messages.subspan(some.size());
    }
    return {};
  }

  Requeued done() const { return {.messages = requeued_.size(), .held = held_}; }

 private:
  Status requeue_among(std::span<const QueuedMessage> messages) {
    std::vector<std::string> ids;
    std::set<std::string> on_hold;
    for (const QueuedMessage& one : messages) {
      ids.push_back(one.id);
      if (one.queue == "hold") on_hold.insert(one.id);
    }
    ICM_TRY(const Envelopes envelopes, ask_about(programs_, ids));
    settled_.insert(envelopes.looked_at.begin(), envelopes.looked_at.end());
    std::vector<std::string> again;
    for (const std::string& id : envelopes.passed) {
      if (on_hold.contains(id)) {
        held_.push_back(id);
      } else {
        again.push_back(id);
        // postsuper passes over what qmgr moves just then, and says nothing.
        settled_.erase(id);
      }
    }
    ICM_CHECK(queue_anew(programs_, again));
    requeued_.insert(again.begin(), again.end());
    return {};
  }

  const PostfixPrograms& programs_;
  std::set<std::string> settled_;
  std::set<std::string> requeued_;
  std::vector<std::string> held_;
};

}  // namespace

Result<std::vector<QueuedMessage>> list_queue(const std::string& queue_directory) {
  std::vector<QueuedMessage> messages;
  for (const char* queue : queues) {
    ICM_CHECK(list_folder(std::filesystem::path(queue_directory) / queue, queue, messages));
  }
  return messages;
}

Envelopes read_envelopes(std::string_view printed) {
  Envelopes envelopes;
  std::string id;
  for (const std::string_view line : split(printed, '\n')) {
    if (line.starts_with(heading)) {
      std::string_view path = line.substr(heading.size());
      path = path.substr(0, path.find(' '));
      id = path.substr(path.rfind('/') + 1);
      envelopes.looked_at.push_back(id);
    } else if (line.starts_with(filter) && !id.empty()) {
      envelopes.passed.push_back(id);
      id.clear();
    }
  }
  return envelopes;
}

Result<Requeued> requeue_what_passed(const PostfixPrograms& programs,
                                     const std::string& queue_directory,
                                     const std::function<void(const std::string&)>& tell) {
  // A queue run moves messages while they are listed: what was passed over is looked for again.
  constexpr int most_rounds = 5;
  Requeueing work(programs);
  for (int round = 0; round < most_rounds; ++round) {
    ICM_TRY(const auto all, list_queue(queue_directory));
    const std::vector<QueuedMessage> open = work.open_among(all);
    if (open.size() >= takes_a_while) {
      tell(
          fmt::format("{} messages are in the queue; those that have passed the gate are looked "
                      "for, which takes a while",
                      open.size()));
    }
    if (open.empty()) break;
    ICM_CHECK(work.look_at(open));
  }
  return work.done();
}

}  // namespace icm::ctl::postfix
