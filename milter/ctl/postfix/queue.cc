// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/queue.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

constexpr std::size_t at_a_time = 50;  // a message's envelope may have a thousand recipients

// "*** ENVELOPE RECORDS deferred/A/A1B2C3D4 ***"
constexpr std::string_view heading = "*** ENVELOPE RECORDS ";
constexpr std::string_view filter = "content_filter: icloud-out:";

Result<std::vector<std::string>> passed_among(const PostfixPrograms& programs,
                                              const std::vector<std::string>& ids) {
  std::vector<std::string> arguments = {"-e", "-q"};
  arguments.insert(arguments.end(), ids.begin(), ids.end());
  // A message that left meanwhile is no failure.
  ICM_TRY(const ProgramEnd end, programs.ask("postcat", std::move(arguments)));
  return ids_that_passed(end.output);
}

}  // namespace

std::vector<QueuedMessage> read_queue(std::string_view printed) {
  std::vector<QueuedMessage> messages;
  for (const std::string_view line : split(printed, '\n')) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) continue;
    const auto id = json.find("queue_id");
    const auto queue = json.find("queue_name");
    if (id == json.end() || queue == json.end() || !id->is_string() || !queue->is_string())
      continue;
    messages.push_back({.id = id->get<std::string>(), .queue = queue->get<std::string>()});
  }
  return messages;
}

std::vector<std::string> ids_that_passed(std::string_view printed) {
  std::vector<std::string> ids;
  std::string id;
  for (const std::string_view line : split(printed, '\n')) {
    if (line.starts_with(heading)) {
      std::string_view path = line.substr(heading.size());
      path = path.substr(0, path.find(' '));
      id = path.substr(path.rfind('/') + 1);
    } else if (line.starts_with(filter) && !id.empty()) {
      ids.push_back(id);
    }
  }
  return ids;
}

Result<Requeued> requeue_what_passed(const PostfixPrograms& programs) {
  ICM_TRY(const std::string printed, programs.run("postqueue", {"-j"}));
  const std::vector<QueuedMessage> all = read_queue(printed);
  std::vector<std::string> passed;
  for (std::size_t begin = 0; begin < all.size(); begin += at_a_time) {
    std::vector<std::string> ids;
    for (std::size_t i = begin; i < std::min(begin + at_a_time, all.size()); ++i) {
      if (all[i].queue != "maildrop") ids.push_back(all[i].id);
    }
    if (ids.empty()) continue;
    ICM_TRY(const std::vector<std::string> some, passed_among(programs, ids));
    passed.insert(passed.end(), some.begin(), some.end());
  }
  Requeued done;
  std::string again;
  for (const QueuedMessage& one : all) {
    if (std::ranges::find(passed, one.id) == passed.end()) continue;
    if (one.queue == "hold") {
      done.held.push_back(one.id);
    } else {
      again += one.id + "\n";
      ++done.messages;
    }
  }
  if (again.empty()) return done;
  ICM_TRY(const ProgramEnd end, programs.ask("postsuper", {"-r", "-"}, again));
  if (end.status != 0) {
    return fail(Code::temporary, fmt::format("postsuper -r ended with status {}: {}", end.status,
                                             excerpt(trim(end.errors), 400)));
  }
  return done;
}

}  // namespace icm::ctl::postfix
