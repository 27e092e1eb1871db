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

Result<std::vector<std::string>> passed_among(const PostfixPrograms& programs,
                                              std::span<const std::string> ids) {
  std::vector<std::string> passed;
  while (!ids.empty()) {
    std::vector<std::string> arguments = {"-e", "-q"};
    arguments.insert(arguments.end(), ids.begin(), ids.end());
    const Result<ProgramEnd> end = programs.ask("postcat", std::move(arguments));
    if (!end) {
      // It said more than can be listened to. What has passed the gate has no more recipients than
      // smtpd takes at a time, so one message alone never does.
      if (end.error().code != Code::permanent) return tl::make_unexpected(end.error());
      if (ids.size() == 1) return passed;
      const std::size_t half = ids.size() / 2;
      ICM_TRY(const auto first, passed_among(programs, ids.first(half)));
      ICM_TRY(const auto second, passed_among(programs, ids.subspan(half)));
      passed.insert(passed.end(), first.begin(), first.end());
      passed.insert(passed.end(), second.begin(), second.end());
      return passed;
    }
    const Envelopes envelopes = read_envelopes(end->output);
    passed.insert(passed.end(), envelopes.passed.begin(), envelopes.passed.end());
    if (end->status == 0) return passed;
    // Where one has left meanwhile the others behind it are still to be asked for.
    ids = ids.subspan(std::min(std::max<std::size_t>(envelopes.printed, 1), ids.size()));
  }
  return passed;
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

// Those of `messages` that are not among `seen`, which they are then.
std::vector<QueuedMessage> unseen(const std::vector<QueuedMessage>& messages,
                                  std::set<std::string>& seen) {
  std::vector<QueuedMessage> fresh;
  for (const QueuedMessage& one : messages) {
    if (seen.insert(one.id).second) fresh.push_back(one);
  }
  return fresh;
}

Status requeue_among(const PostfixPrograms& programs, const std::vector<QueuedMessage>& messages,
                     Requeued& done) {
  for (std::size_t begin = 0; begin < messages.size(); begin += at_a_time) {
    std::vector<std::string> ids;
    std::set<std::string> held;
    for (std::size_t i = begin; i < std::min(begin + at_a_time, messages.size()); ++i) {
      ids.push_back(messages[i].id);
      if (messages[i].queue == "hold") held.insert(messages[i].id);
    }
    ICM_TRY(std::vector<std::string> passed, passed_among(programs, ids));
    std::erase_if(passed, [&](const std::string& id) {
      if (!held.contains(id)) return false;
      done.held.push_back(id);
      return true;
    });
    ICM_CHECK(queue_anew(programs, passed));
    done.messages += passed.size();
  }
  return {};
}

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
      ++envelopes.printed;
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
  // A queue run moves messages while they are listed: what comes up later is looked at, too.
  constexpr int most_rounds = 5;
  Requeued done;
  std::set<std::string> seen;
  for (int round = 0; round < most_rounds; ++round) {
    ICM_TRY(const auto all, list_queue(queue_directory));
    const std::vector<QueuedMessage> fresh = unseen(all, seen);
    if (fresh.size() >= takes_a_while) {
      tell(
          fmt::format("{} messages are in the queue; those that have passed the gate are looked "
                      "for, which takes a while",
                      fresh.size()));
    }
    ICM_CHECK(requeue_among(programs, fresh, done));
    if (fresh.empty()) break;
  }
  return done;
}

}  // namespace icm::ctl::postfix
