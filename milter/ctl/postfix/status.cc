// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl postfix status.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/postfix/attachment.h"
#include "milter/ctl/postfix/command_options.h"
#include "milter/ctl/postfix/removal.h"
#include "milter/ctl/terminal.h"

namespace icm::ctl::postfix {
namespace {

struct InstanceStatus {
  std::string directory;
  std::string problem;    // why nothing else could be found out
  std::string at;         // when it was attached; empty: not by this program
  bool has_gate = false;  // by whomever
  std::vector<std::string> lacking;
  std::vector<std::string> drift;
  std::vector<std::string> notes;  // what may be meant so
  bool is_ours_to_mend = false;    // what is lacking or changed comes back by "enable"

  bool is_well() const { return problem.empty() && lacking.empty() && drift.empty(); }
};

// What is no longer as this program wrote it.
std::vector<std::string> drift_of(const Attachment& attachment, const SiteFiles& files) {
  std::vector<std::string> drift;
  for (const ConfigFile* file : {&files.main_cf, &files.master_cf}) {
    const File kind = file == &files.main_cf ? File::main_cf : File::master_cf;
    const Removal removal = take_out(file->text, kind, attachment.insertions);
    drift.insert(drift.end(), removal.drift.begin(), removal.drift.end());
  }
  return drift;
}

Result<InstanceStatus> find_out(const PostfixPrograms& programs, const Config& milter) {
  InstanceStatus status;
  status.directory = programs.directory();
  ICM_TRY(const auto attachment, load_attachment(programs.directory()));
  ICM_TRY(const SiteFiles files, read_files(programs));
  // By hand, milter.conf alone says whether the arrival is meant to be there.
  WiringOptions options{.has_arrival = milter.arrival.covered};
  if (attachment) options = attachment->options;
  ICM_TRY(const Site site, read_site(programs, files, milter, options.gate_port));
  status.has_gate = gate_of(site) != nullptr;
  status.lacking = lacks(site, options);
  if (status.has_gate) {
    status.notes = ways_of_people(site);
    for (std::string& one : ways_elsewhere(site)) status.notes.push_back(std::move(one));
  }
  if (attachment) {
    status.at = attachment->at;
    status.drift = drift_of(*attachment, files);
  }
  status.is_ours_to_mend = !status.lacking.empty() || !status.drift.empty();
  if (options.has_arrival) {
    for (std::string& one : ways_by_client(site)) status.lacking.push_back(std::move(one));
  }
  return status;
}

InstanceStatus status_of(const std::string& directory, const Config& milter) {
  const auto programs = PostfixPrograms::of(directory);
  const auto found = programs ? find_out(*programs, milter) : tl::make_unexpected(programs.error());
  if (found) return *found;
  InstanceStatus status;
  status.directory = directory;
  status.problem = found.error().text;
  return status;
}

std::string_view word_of(const InstanceStatus& status) {
  if (!status.problem.empty()) return "unknown";
  if (!status.at.empty()) return "attached";
  return status.has_gate ? "attached by hand" : "not attached";
}

// How what is lacking or changed comes back; empty where nothing is.
std::string remedy_for(const InstanceStatus& status) {
  if (!status.problem.empty() || !status.is_ours_to_mend) return "";
  const auto command = [&](std::string_view word) {
    return fmt::format(
        "icloud-milterctl postfix {}{}", word,
        status.directory == default_directory ? "" : " --config-dir " + status.directory);
  };
  const std::string enable = command("enable");
  if (status.at.empty()) return fmt::format("\"{}\" adds it", enable);
  return fmt::format(
      "\"{}\", then \"{}\", writes it as it was; what others added stays, and mail for Apple "
      "leaves unjudged in between",
      command("disable"), enable);
}

void print(const InstanceStatus& status) {
  fmt::print("{}: {}{}\n", clean(status.directory), word_of(status),
             status.at.empty() ? "" : " since " + clean(status.at));
  if (!status.problem.empty()) fmt::print("  problem  {}\n", clean(status.problem));
  for (const std::string& one : status.lacking) fmt::print("  lacks    {}\n", clean(one));
  for (const std::string& one : status.drift) fmt::print("  drift    {}\n", clean(one));
  for (const std::string& one : status.notes) fmt::print("  note     {}\n", clean(one));
  if (const std::string remedy = remedy_for(status); !remedy.empty()) {
    fmt::print("  mend     {}\n", clean(remedy));
  }
}

nlohmann::ordered_json to_json(const InstanceStatus& status) {
  return {{"directory", status.directory}, {"status", word_of(status)}, {"since", status.at},
          {"problem", status.problem},     {"lacks", status.lacking},   {"drift", status.drift},
          {"notes", status.notes},         {"mend", remedy_for(status)}};
}

Result<std::vector<std::string>> directories(const PostfixOptions& options) {
  if (!options.config_directory.empty()) return std::vector{options.config_directory};
  ICM_CHECK(PostfixPrograms::of(default_directory));
  ICM_TRY(const auto instances, instances_of_this_host());
  std::vector<std::string> found;
  for (const Instance& one : instances) found.push_back(one.directory);
  return found;
}

}  // namespace

Exit show_status(const PostfixOptions& options) {
  const auto milter = load_configuration(options.config);
  if (!milter) return complain(milter.error().text, Exit::usage);
  const auto all = directories(options);
  if (!all) return complain_of(all.error());
  Exit exit = Exit::done;
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const std::string& directory : *all) {
    const InstanceStatus status = status_of(directory, *milter);
    if (!status.is_well()) exit = Exit::refused;
    if (options.json) {
      json.push_back(to_json(status));
    } else {
      print(status);
    }
  }
  if (options.json) {
    fmt::print("{}\n", json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
  }
  return exit;
}

}  // namespace icm::ctl::postfix
