// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl postfix plan, enable and disable.
#include <cstdio>
#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/postfix/command_options.h"
#include "milter/ctl/postfix/deeds.h"
#include "milter/ctl/terminal.h"

namespace icm::ctl::postfix {
namespace {

// Beside JSON, for a person who looks on.
Tell say_beside(const PostfixOptions& options) {
  std::FILE* const stream = options.json ? stderr : stdout;
  return [stream](const std::string& sentence) {
    fmt::print(stream, "{}\n", clean(sentence));
    std::fflush(stream);  // the next step may take a while
  };
}

// Whether a person who is there says yes; where nobody is, the command line has said it.
bool is_agreed(const PostfixOptions& options, std::string_view question) {
  if (options.yes || ::isatty(STDIN_FILENO) == 0) return true;
  fmt::print("{} [y/N] ", question);
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

Status expect_root() {
  if (::geteuid() == 0) return {};
  return fail(Code::permanent, "changing Postfix's configuration needs root");
}

struct Planned {
  Config milter;
  SiteFiles files;
  Site site;
  Plan plan;
};

Result<Planned> plan_for(const PostfixPrograms& programs, const PostfixOptions& options) {
  Planned planned;
  ICM_TRY(planned.milter, load_configuration(options.config));
  ICM_TRY(planned.files, read_files(programs));
  const auto port = options.wiring().gate_port;
  ICM_TRY(planned.site, read_site(programs, planned.files, planned.milter, port));
  planned.plan = make_plan(planned.site, options.wiring());
  return planned;
}

// `what`: of a plan that cannot be carried out, everything or the reasons alone.
Exit print_plan(const PostfixOptions& options, const Planned& planned, OfConflict what) {
  const Plan& plan = planned.plan;
  if (options.json) {
    fmt::print("{}\n", plan_json(planned.site, plan));
  } else if (plan.insertions.empty() && plan.conflicts.empty()) {
    fmt::print("{}: nothing to do: mail for Apple goes through the gate already\n",
               clean(planned.site.postfix.directory));
  } else {
    fmt::print("{}", plan_text(planned.site, plan, what));
  }
  return plan.conflicts.empty() ? Exit::done : Exit::refused;
}

Result<Exit> try_enable(const PostfixOptions& options) {
  ICM_TRY(const PostfixPrograms programs, choose_instance(options.config_directory));
  ICM_CHECK(expect_root());
  ICM_TRY(const UniqueFd lock, lock_instance(programs));
  ICM_TRY(const Planned planned, plan_for(programs, options));
  const Exit shown = print_plan(options, planned, OfConflict::reasons_alone);
  if (shown != Exit::done || planned.plan.insertions.empty()) return shown;
  ICM_TRY(const auto before, load_attachment(programs.directory()));
  if (before) {
    return fail(Code::permanent, fmt::format("{} was attached at {}, and was edited since or needs "
                                             "more now; \"postfix disable\" first, then this again",
                                             programs.directory(), before->at));
  }
  if (!is_agreed(options, "Write these lines, and reload Postfix?")) {
    fmt::print("nothing was changed\n");
    return Exit::refused;
  }
  const Tell say = say_beside(options);
  const Work work{
      .programs = programs, .files = planned.files, .site = planned.site, .milter = planned.milter};
  ICM_CHECK(attach(work, planned.plan.insertions, options.wiring(),
                   options.unproved ? Proof::none : Proof::probe, say));
  say(fmt::format("{} is attached", programs.directory()));
  return Exit::done;
}

// False when there was nothing to take back.
Result<bool> disable_one(const PostfixPrograms& programs, const PostfixOptions& options) {
  ICM_TRY(const UniqueFd lock, lock_instance(programs));
  ICM_TRY(const auto attachment, load_attachment(programs.directory()));
  if (!attachment) return false;
  if (!is_agreed(options, fmt::format("Take icloud-milter out of {}?", programs.directory()))) {
    return fail(Code::permanent, "nothing was changed");
  }
  const Tell say = say_beside(options);
  ICM_CHECK(detach(programs, *attachment, say));
  say(fmt::format("{} is detached", programs.directory()));
  return true;
}

Result<Exit> try_disable(const PostfixOptions& options) {
  ICM_CHECK(expect_root());
  if (!options.all) {
    ICM_TRY(const PostfixPrograms programs, choose_instance(options.config_directory));
    ICM_TRY(const bool is_done, disable_one(programs, options));
    if (is_done) return Exit::done;
    return fail(
        Code::permanent,
        fmt::format("{} was not attached by \"postfix enable\": there is nothing to take back; "
                    "what was added by hand is for you to take out",
                    programs.directory()));
  }
  Exit exit = Exit::done;
  ICM_TRY(const auto instances, instances_of_this_host());
  for (const Instance& one : instances) {
    const auto programs = PostfixPrograms::of(one.directory);
    const Result<bool> done =
        programs ? disable_one(*programs, options) : tl::make_unexpected(programs.error());
    if (!done) exit = complain(done.error().text);
  }
  return exit;
}

Exit finish(const Result<Exit>& done) { return done ? *done : complain_of(done.error()); }

}  // namespace

Exit complain_of(const Error& error) {
  return complain(error.text, error.code == Code::syntax ? Exit::usage : Exit::refused);
}

Exit show_plan(const PostfixOptions& options) {
  const auto programs = choose_instance(options.config_directory);
  if (!programs) return complain_of(programs.error());
  const auto planned = plan_for(*programs, options);
  return planned ? print_plan(options, *planned, OfConflict::everything)
                 : complain_of(planned.error());
}

Exit enable(const PostfixOptions& options) {
  return options.dry_run ? show_plan(options) : finish(try_enable(options));
}

Exit disable(const PostfixOptions& options) { return finish(try_disable(options)); }

}  // namespace icm::ctl::postfix
