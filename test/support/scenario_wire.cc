// SPDX-License-Identifier: Apache-2.0
#include "test/support/scenario_wire.h"

#include <optional>

#include "policy/base/text.h"
#include "test/support/daemon_process.h"
#include "test/support/milter_client.h"
#include "test/support/scenario_conversation.h"
#include "test/support/scenario_text.h"
#include "test/support/scenario_world.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

std::string address_of(ScenarioSocket socket, const TemporaryDirectory& directory) {
  switch (socket) {
    case ScenarioSocket::unix_path:
      return "unix:" + (directory.path() / "milter.sock").string();
    case ScenarioSocket::inet:
      return fmt::format("inet:{}@127.0.0.1", free_port());
    case ScenarioSocket::inet6:
      return fmt::format("inet6:{}@::1", free_port());
  }
  return {};
}

// The lines of `text` that hold `mark`, from it on when it stands at their beginning or not.
std::vector<std::string> lines_with(std::string_view text, std::string_view mark) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n')) {
    if (line.find(mark) != line.npos) lines.emplace_back(line);
  }
  return lines;
}

Status hold(const Scenario& scenario, const std::string& address, ScenarioTranscript& transcript) {
  for (const ScenarioConnection& connection : scenario.connections) {
    ICM_TRY(MilterClient client, MilterClient::open(address));
    ICM_CHECK(converse(connection, client, transcript.connections.emplace_back()));
    ICM_CHECK(client.quit());
  }
  return {};
}

}  // namespace

Result<ScenarioTranscript> run_over_wire(const Scenario& scenario, const std::string& program,
                                         ScenarioSocket socket, WallTime now) {
  const TemporaryDirectory directory;
  const ScenarioFiles files(directory.path());
  const std::string address = address_of(socket, directory);
  const std::string log_file = (directory.path() / "log").string();
  ICM_CHECK(fill_store(scenario, files, now));
  std::optional<NsdProcess> dns;
  Scenario world = scenario;
  if (!scenario.records.empty()) {
    dns.emplace(zones_of(scenario));
    world.settings.push_back({.line = 0,
                              .path = {"dns", "servers"},
                              .value = fmt::format("[\"{}\"]", dns->address().text())});
  }
  directory.write("milter.conf", config_of(world, files, address));
  ICM_TRY(DaemonProcess daemon, DaemonProcess::start(program, files.config, address, log_file));
  if (scenario.store_is_broken) ICM_CHECK(break_store(files));

  ScenarioTranscript transcript;
  const Status held = hold(scenario, address, transcript);
  ICM_TRY(const int status, daemon.stop());
  ICM_TRY(const std::string said, read_text_file(log_file));
  if (!held)
    return fail_at(scenario.file,
                   {held.error().code, held.error().text + "; the daemon said:\n" + said});
  if (status != 0) {
    return fail(Code::permanent, fmt::format("{}: the daemon ended with status {}; it said:\n{}",
                                             scenario.file, status, said));
  }
  transcript.decisions = lines_with(read_text_file(files.decisions).value_or(""), "{");
  transcript.lines = lines_with(said, " verdict=");
  return transcript;
}

}  // namespace icm
