// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/file.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milter/ctl/postfix/deeds.h"
#include "milter/ctl/postfix/gate_probe.h"
#include "milter/ctl/postfix/instance_service.h"
#include "policy/base/clock.h"
#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

constexpr std::chrono::seconds gate_patience{20};

// What Postfix would make of the new files is what was planned. Gives where to ask the gate.
Result<std::optional<std::uint16_t>> try_out(const Work& work,
                                             const std::vector<Insertion>& insertions,
                                             const WiringOptions& options) {
  ICM_TRY(const Site trial,
          read_trial_site(work.programs, work.site, insertions, work.milter, options.gate_port));
  const std::vector<std::string> lacking = lacks(trial, options);
  if (lacking.empty()) return port_of_gate(trial, options.gate_port);
  return fail(Code::config, fmt::format("with these lines Postfix would still not do what it "
                                        "should: {}",
                                        fmt::join(lacking, "; ")));
}

Status put_changed(const ConfigFile& file, File kind, const std::vector<Insertion>& insertions) {
  const std::string text = insert(file.text, kind, insertions);
  if (text == file.text) return {};
  return put_file(file.path, text, file.status, Times::of_now);
}

Status put_both(const Work& work, const std::vector<Insertion>& insertions) {
  ICM_TRY(const SiteFiles now, read_files(work.programs));
  if (now.main_cf.text != work.files.main_cf.text ||
      now.master_cf.text != work.files.master_cf.text) {
    return fail(Code::temporary, "main.cf or master.cf was changed by somebody else meanwhile");
  }
  // The gate before the way to it: whoever is ended in between leaves mail on its old way.
  ICM_CHECK(put_changed(now.master_cf, File::master_cf, insertions));
  return put_changed(now.main_cf, File::main_cf, insertions);
}

// As if nothing had been. What cannot be undone is said besides.
std::string roll_back(const Work& work) {
  std::vector<std::string> problems;
  for (const File kind : {File::main_cf, File::master_cf}) {
    const ConfigFile& file = kind == File::main_cf ? work.files.main_cf : work.files.master_cf;
    const auto now = read_config_file(file.path);
    if (now && now->text == file.text) continue;
    const Status put = put_back(work.programs.directory(), kind, file);
    if (!put) problems.push_back(put.error().text);
  }
  if (!problems.empty()) {
    return fmt::format(
        "and not everything could be taken back: {}; the files as they were are in {}",
        fmt::join(problems, "; "), attachment_directory(work.programs.directory()));
  }
  forget_attachment(work.programs.directory(), Copies::remove);
  const Status reloaded = check_and_reload(work.programs);
  return reloaded ? "everything is as it was"
                  : fmt::format(
                        "main.cf and master.cf are as they were, but Postfix was not "
                        "reloaded: {}",
                        reloaded.error().text);
}

Status prove(const Work& work, std::optional<std::uint16_t> port, const Tell& tell) {
  if (!is_running(work.programs)) {
    tell(
        "Postfix is not running: the gate was not tried; \"postfix start\", then \"postfix "
        "status\" "
        "of this program");
    return {};
  }
  if (!port) {
    tell("the gate that was there listens on no port of 127.0.0.1, and was not tried");
    return {};
  }
  ICM_TRY(const GateAnswer answer, probe_gate(*port, Deadline::in(gate_patience)));
  const std::string reply = excerpt(answer.reply, 300);
  switch (answer.means) {
    case GateAnswer::Means::judged:
      tell(
          fmt::format("a recipient that every gate refuses was named to 127.0.0.1:{}, and "
                      "icloud-milter refused it: \"{}\"",
                      *port, excerpt(answer.reply, 60)));
      return {};
    case GateAnswer::Means::unjudged:
      return fail(Code::config, fmt::format("the gate took a recipient that icloud-milter refuses "
                                            "there (\"{}\"): the daemon does not know it by this "
                                            "name; reload it, or see roles.gate in milter.conf",
                                            reply));
    case GateAnswer::Means::waits:
      return fail(Code::config, fmt::format("Postfix does not reach the daemon (\"{}\"): start "
                                            "icloud-milter, and see that the postfix user may open "
                                            "its socket {}",
                                            reply, work.milter.socket.address));
    case GateAnswer::Means::other:
      break;
  }
  return fail(Code::config, fmt::format("the gate answered \"{}\", which was not expected", reply));
}

}  // namespace

Result<UniqueFd> lock_instance(const PostfixPrograms& programs) {
  UniqueFd lock(::open(programs.directory().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Code::temporary, fmt::format("{}: somebody else attaches or detaches just now",
                                             programs.directory()));
  }
  return lock;
}

Status attach(const Work& work, const std::vector<Insertion>& insertions,
              const WiringOptions& options, Proof proof, const Tell& tell) {
  const NoInterruption guard;
  const auto tried = try_out(work, insertions, options);
  if (!tried) {
    forget_attachment(work.programs.directory(), Copies::remove);
    return fail(tried.error().code, tried.error().text + "; nothing was changed");
  }
  const Attachment attachment{
      .at = to_rfc3339(SystemClock().now()), .options = options, .insertions = insertions};
  const Status saved = save_attachment(work.programs.directory(), attachment, work.files.main_cf,
                                       work.files.master_cf);
  if (!saved) {
    forget_attachment(work.programs.directory(), Copies::remove);
    return fail(saved.error().code, saved.error().text + "; nothing was changed");
  }
  Status done = put_both(work, insertions);
  if (done) {
    tell(fmt::format("main.cf and master.cf are changed; as they were they are in {}",
                     attachment_directory(work.programs.directory())));
    done = check_and_reload(work.programs);
  }
  if (done && proof == Proof::probe) done = prove(work, *tried, tell);
  if (done) return {};
  return fail(done.error().code, fmt::format("{}; {}", done.error().text, roll_back(work)));
}

}  // namespace icm::ctl::postfix
