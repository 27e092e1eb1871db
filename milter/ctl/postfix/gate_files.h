// SPDX-License-Identifier: Apache-2.0
//
// contrib/postfix/*.gate, compiled in: the lines that attach us, each with its reason above it, of
// which there is one copy for people and for programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace icm::ctl::postfix {

extern const std::string_view main_cf_gate;
extern const std::string_view master_cf_gate;

// A logical line with the comments above it.
struct GateEntry {
  std::string name;  // "transport_maps"; "icloud-gate/unix"
  std::string text;  // both, each line with its line break
};

// What such a file says without its heading, in its order.
std::vector<GateEntry> parameters_of(std::string_view main_cf);
std::vector<GateEntry> services_of(std::string_view master_cf);

// The entry of that name in main_cf_gate, which has it.
std::string_view gate_parameter(std::string_view name);

// Writes `with` wherever `what` stands.
void replace_all(std::string& text, std::string_view what, std::string_view with);

// Apple's domains, as transport_maps of main_cf_gate names them.
const std::vector<std::string>& gate_domains();

// Our names in those files, which may have to be others on a host.
inline constexpr std::string_view gate_port_in_files = "10027";
inline constexpr std::string_view socket_in_files = "unix:icloud-milter/milter.sock";
inline constexpr std::string_view daemon_name_in_files = "ICLOUD-GATE";
inline constexpr std::string_view next_hop_in_files = "content_filter=icloud-out:";

}  // namespace icm::ctl::postfix
