// SPDX-License-Identifier: Apache-2.0
//
// A site whose DNS is a file, looked at by icloud-milterctl doctor as it is typed.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/command.h"
#include "test/milter/ctl/command_runner.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl::doctor {

class DoctorTest : public testing::Test {
 protected:
  using Json = nlohmann::ordered_json;

  // A site that is in order: two addresses, one domain, everything published.
  DoctorTest() {
    zone_["mx.corp.example."] = {{"A", {"192.0.2.25"}}, {"AAAA", {"2001:db8::25"}}};
    zone_["25.2.0.192.in-addr.arpa."] = {{"PTR", {"mx.corp.example."}}};
    zone_[ip6_name] = {{"PTR", {"mx.corp.example."}}};
    zone_["corp.example."] = {{"MX", {{10, "mx.corp.example."}}},
                              {"TXT", {"v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 -all"}}};
    zone_["_dmarc.corp.example."] = {{"TXT", {"v=DMARC1; p=reject"}}};
    config_["egress"] = {{"addresses", {"192.0.2.25", "2001:db8::25"}},
                         {"helo", "mx.corp.example"}};
    config_["format"] = {{"mode", "enforce"}};
    config_["suppression"] = {{"mode", "enforce"}};
    config_["private_relay"] = {{"sources", {"corp.example"}}};
    config_["control"] = {{"socket", path("control")}};
    config_["store"] = {{"path", path("store.db")}};
    config_["log"] = {{"decisions", path("decisions.jsonl")}};
    config_["socket"] = {{"address", "unix:" + path("milter.sock")}};
  }

  std::string path(std::string_view name) const { return directory_.path() / name; }

  Outcome run(std::vector<std::string> words) const {
    const std::string zone = directory_.write("zone.json", zone_.dump());
    const std::string config = directory_.write("milter.conf", config_.dump());
    words.insert(words.begin(), {"doctor", "--zone", zone, "--config", config});
    return run_command(add_doctor, std::move(words));
  }

  // What is said of one area, as objects.
  std::vector<Json> findings(const std::string& area, std::vector<std::string> words = {}) const {
    words.insert(words.end(), {"--json", "--only", area});
    const Outcome outcome = run(std::move(words));
    std::vector<Json> found;
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);) found.push_back(Json::parse(line));
    return found;
  }

  // The ids of what is worse than a note; `notes` are added when asked for.
  std::set<std::string> problems(const std::string& area,
                                 std::vector<std::string> words = {}) const {
    std::set<std::string> ids;
    for (const Json& one : findings(area, std::move(words))) {
      if (one["grade"] == "warning" || one["grade"] == "fault") ids.insert(one["id"]);
    }
    return ids;
  }

  // Every id, whatever its grade.
  std::set<std::string> ids(const std::string& area, std::vector<std::string> words = {}) const {
    std::set<std::string> all;
    for (const Json& one : findings(area, std::move(words))) all.insert(one["id"]);
    return all;
  }

  static constexpr const char* ip6_name =
      "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.";
  TemporaryDirectory directory_;
  Json zone_;
  Json config_;
};

}  // namespace icm::ctl::doctor
