// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milter/ctl/postfix/deeds.h"
#include "milter/ctl/postfix/instance_service.h"
#include "milter/ctl/postfix/queue.h"

namespace icm::ctl::postfix {
namespace {

// One of the two files as it shall be.
struct Restored {
  ConfigFile now;
  std::string text;
  struct stat status {};
  Times times = Times::of_now;
  std::vector<std::string> left;
};

Result<Restored> restore(const PostfixPrograms& programs, File file, const Attachment& attachment) {
  const std::string name(to_string(file));
  const std::string kept = attachment_directory(programs.directory()) + "/" + name;
  Restored restored;
  ICM_TRY(restored.now, read_config_file(programs.directory() + "/" + name));
  restored.status = restored.now.status;
  const auto before = read_config_file(kept);
  if (before && restored.now.text == insert(before->text, file, attachment.insertions)) {
    restored.text = before->text;
    restored.status = before->status;
    restored.times = Times::of_status;
    return restored;
  }
  if (before && restored.now.text == before->text) {
    restored.text = before->text;
    return restored;
  }
  Removal removal = take_out(restored.now.text, file, attachment.insertions);
  restored.text = std::move(removal.text);
  restored.left = std::move(removal.left);
  return restored;
}

Status put_if_changed(const Restored& file) {
  if (file.text == file.now.text) return {};
  return put_file(file.now.path, file.text, file.status, file.times);
}

// Mail that qmgr has in its hands goes back into the queue when Postfix reads its configuration.
Status take_care_of_queue(const PostfixPrograms& programs, const Tell& tell) {
  constexpr std::chrono::seconds moment{1};
  if (is_running(programs)) std::this_thread::sleep_for(moment);
  ICM_TRY(const Requeued done, requeue_what_passed(programs));
  if (done.messages > 0) {
    tell(
        fmt::format("{} {} that had passed the gate {} queued anew, for the way that other mail "
                    "goes",
                    done.messages, done.messages == 1 ? "message" : "messages",
                    done.messages == 1 ? "was" : "were"));
  }
  if (!done.held.empty()) {
    tell(
        fmt::format("on hold, and stay so: {}; instead of \"postsuper -H\" release them with "
                    "\"postsuper -r\"",
                    fmt::join(done.held, ", ")));
  }
  return {};
}

}  // namespace

Status detach(const PostfixPrograms& programs, const Attachment& attachment, const Tell& tell) {
  const NoInterruption guard;
  ICM_TRY(const Restored main_cf, restore(programs, File::main_cf, attachment));
  ICM_TRY(const Restored master_cf, restore(programs, File::master_cf, attachment));
  // First the way to the gate, then the gate.
  Status done = put_if_changed(main_cf);
  if (done) done = put_if_changed(master_cf);
  if (done) done = check_and_reload(programs);
  if (!done) {
    for (const Restored* file : {&main_cf, &master_cf}) {
      (void)put_file(file->now.path, file->now.text, file->now.status, Times::of_status);
    }
    return fail(done.error().code,
                fmt::format("{}; main.cf and master.cf are as they were before this attempt",
                            done.error().text));
  }
  std::vector<std::string> left = main_cf.left;
  left.insert(left.end(), master_cf.left.begin(), master_cf.left.end());
  for (const std::string& sentence : left) tell(sentence);
  const bool is_exact = main_cf.times == Times::of_status && master_cf.times == Times::of_status;
  tell(is_exact ? "main.cf and master.cf are byte for byte what they were"
                : "main.cf and master.cf were edited since they were attached: what was added is "
                  "taken out, the rest is left as it is");
  if (!left.empty()) {
    tell(fmt::format("as they were before they are kept in {}",
                     attachment_directory(programs.directory())));
  }
  forget_attachment(programs.directory(), left.empty() ? Copies::remove : Copies::keep);
  return take_care_of_queue(programs, tell);
}

}  // namespace icm::ctl::postfix
