// SPDX-License-Identifier: Apache-2.0
//
// The doctor on the running daemon: whether it answers, is this release, works with this
// configuration as it stands, and what it asks for itself.
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/daemon_call.h"
#include "milter/ctl/doctor/context.h"
#include "milter/ctl/status_print.h"
#include "policy/base/text.h"

namespace icm::ctl::doctor {
namespace {

using Json = nlohmann::ordered_json;

std::string status_request() {
  return to_line({.word = ControlRequest::Word::status, .policy = {}, .span = {}});
}

// Sentences of "attention" that another organ looks at by itself, or that are told by other ids.
bool is_told_elsewhere(std::string_view sentence) {
  return sentence.starts_with("the reload of") || sentence.starts_with("store: ") ||
         sentence.starts_with("key ");
}

// What milter/gate_watch says when mail passes the gate by.
bool is_of_gate(std::string_view sentence) {
  return sentence.find("none has come to the gate") != std::string_view::npos;
}

std::optional<WallTime> changed(const std::string& file) {
  std::error_code error;
  const auto time = std::filesystem::last_write_time(file, error);
  if (error) return std::nullopt;
  return std::chrono::time_point_cast<std::chrono::milliseconds>(
      std::chrono::file_clock::to_sys(time));
}

void examine_its_configuration(const Context& context, const Json& status, Diagnoses& diagnoses) {
  const Json& configuration = member_of(status, "configuration");
  const Json& failed = member_of(configuration, "failed_reload");
  if (failed.is_object()) {
    const auto problems = texts_of(failed, "problems");
    add(diagnoses, found("daemon.reload-failed", {},
                         fmt::format("the reload of {} failed: {}", text_of(failed, "time"),
                                     problems.empty() ? "its log says why" : problems.front())));
  }
  const std::string file = text_of(configuration, "file");
  std::error_code error;
  if (file.empty() || !std::filesystem::exists(context.config_file, error)) return;
  if (!std::filesystem::equivalent(file, context.config_file, error)) {
    return add(diagnoses, found("daemon.other-configuration", {},
                                fmt::format("the daemon works with {}, this is {}", file,
                                            context.config_file)));
  }
  const auto loaded = parse_time(text_of(configuration, "loaded"));
  const auto written = changed(file);
  if (loaded && written && *written > *loaded && !failed.is_object()) {
    add(diagnoses, found("daemon.older-configuration", {},
                         fmt::format("{} was changed {}, and read {}", file, to_rfc3339(*written),
                                     to_rfc3339(*loaded))));
  }
}

}  // namespace

std::optional<uid_t> user_of_daemon(const Config& config, Deadline deadline) {
  const auto answer = exchange_lines(config.control.socket, status_request(), deadline);
  if (!answer) return std::nullopt;
  const std::uint64_t process = number_of(Json::parse(*answer, nullptr, false), "pid");
  struct stat status {};
  if (process == 0 || ::stat(fmt::format("/proc/{}", process).c_str(), &status) != 0) {
    return std::nullopt;
  }
  return status.st_uid;
}

Diagnoses examine_daemon(const Context& context, Deadline deadline) {
  const std::string& socket = context.config.control.socket;
  if (socket.empty()) return {found("daemon.not-asked", {}, "control.socket is empty")};
  const auto answer = exchange_lines(socket, status_request(), deadline);
  if (!answer) {
    if (answer.error().code == Code::permanent ||
        answer.error().text.find("may not open") != std::string::npos) {
      return {found("daemon.not-asked", {}, answer.error().text)};
    }
    return {found("daemon.silent", {}, answer.error().text)};
  }
  const Json status = Json::parse(*answer, nullptr, false);
  if (!status.is_object()) {
    return {found("daemon.silent", {}, "what answers at " + socket + " is no icloud-milter")};
  }
  Diagnoses diagnoses;
  const std::string version = text_of(status, "version");
  if (version != ICM_VERSION) {
    add(diagnoses,
        found("daemon.other-version", {},
              fmt::format("version {} runs, version {} is installed", version, ICM_VERSION)));
  }
  examine_its_configuration(context, status, diagnoses);
  for (const std::string& sentence : attention_of(status)) {
    if (is_told_elsewhere(sentence)) continue;
    add(diagnoses, is_of_gate(sentence) ? found("daemon.gate-silent", {}, sentence)
                                        : found("daemon.attention", {}, sentence));
  }
  if (is_healthy(diagnoses)) {
    add(diagnoses, found("daemon.answers", {},
                         fmt::format("version {}, process {}, listens at {}", version,
                                     number_of(status, "pid"),
                                     text_of(member_of(status, "listening"), "address"))));
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
