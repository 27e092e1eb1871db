// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milter/ctl/postfix/deeds.h"
#include "milter/ctl/postfix/instance_service.h"
#include "milter/ctl/postfix/queue.h"
#include "milter/ctl/postfix/removal.h"
#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

// One of the two files as it shall be.
struct Restored {
  ConfigFile now;
  std::string text;
  struct stat status {};
  Times times = Times::of_now;
  bool is_exact = false;  // byte for byte what it was
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
    restored.is_exact = true;
    return restored;
  }
  // A run that was cut short did that much.
  if (before && restored.now.text == before->text) {
    restored.text = before->text;
    restored.is_exact = true;
    return restored;
  }
  Removal removal = take_out(restored.now.text, file, attachment.insertions);
  restored.text = std::move(removal.text);
  restored.left = std::move(removal.left);
  return restored;
}

Status put_if_changed(const PostfixPrograms& programs, File kind, const Restored& file) {
  if (file.text == file.now.text) return {};
  if (file.times != Times::of_status) {
    return put_file(file.now.path, file.text, file.status, file.times);
  }
  return put_back(programs.directory(), kind,
                  {.path = file.now.path, .text = file.text, .status = file.status});
}

// What undoing an attempt came to.
std::string leave_attached(const std::vector<const Restored*>& files) {
  std::string problems;
  for (const Restored* file : files) {
    const auto now = read_config_file(file->now.path);
    if (now && now->text == file->now.text) continue;
    const Status put = put_file(file->now.path, file->now.text, file->now.status, Times::of_status);
    if (!put) problems += fmt::format("; {}", put.error().text);
  }
  if (problems.empty()) return "main.cf and master.cf are as they were before this attempt";
  return "the rest could not be undone" + problems + "; \"postfix disable\" again goes on with it";
}

// Mail that qmgr has in its hands goes back into the queue when Postfix reads its configuration.
Status take_care_of_queue(const PostfixPrograms& programs, const Tell& tell) {
  constexpr std::chrono::seconds moment{1};
  if (is_running(programs)) std::this_thread::sleep_for(moment);
  ICM_TRY(std::string queue, programs.run("postconf", {"-x", "-h", "queue_directory"}));
  queue = trim(queue);
  ICM_TRY(const Requeued done, requeue_what_passed(programs, queue, tell));
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
  Status done = put_if_changed(programs, File::main_cf, main_cf);
  if (done) done = put_if_changed(programs, File::master_cf, master_cf);
  if (done) done = check_and_reload(programs);
  if (!done) {
    return fail(done.error().code,
                fmt::format("{}; {}", done.error().text, leave_attached({&main_cf, &master_cf})));
  }
  std::vector<std::string> left = main_cf.left;
  left.insert(left.end(), master_cf.left.begin(), master_cf.left.end());
  for (const std::string& sentence : left) tell(sentence);
  tell(main_cf.is_exact && master_cf.is_exact
           ? "main.cf and master.cf are byte for byte what they were"
           : "main.cf and master.cf were edited since they were attached: what was added is "
             "taken out, the rest is left as it is");
  if (!left.empty()) {
    tell(fmt::format("as they were before they are kept in {}",
                     attachment_directory(programs.directory())));
  }
  // Before the record goes: where it cannot be done, or we are ended, it is done another time.
  if (const Status cared = take_care_of_queue(programs, tell); !cared) {
    return fail(
        cared.error().code,
        fmt::format("{}; the files are in order, but mail that has passed the gate and is "
                    "still in the queue cannot leave: \"postfix disable\" again goes on with "
                    "it, or \"postsuper -c {} -r ALL deferred\" queues all that waits anew",
                    cared.error().text, programs.directory()));
  }
  forget_attachment(programs.directory(), left.empty() ? Copies::remove : Copies::keep);
  return {};
}

}  // namespace icm::ctl::postfix
