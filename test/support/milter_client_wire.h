// SPDX-License-Identifier: Apache-2.0
//
// The words of the milter protocol, version 6, as they stand on the wire: command and answer
// bytes, action and step bits. Only what a mail server's side needs.
#pragma once

#include <cstdint>

namespace icm::milter_wire {

inline constexpr std::uint32_t newest_version = 6;
inline constexpr std::uint32_t oldest_version = 2;

// A packet is four octets of length (command byte included), the command byte, and its content.
inline constexpr std::uint32_t length_octets = 4;
inline constexpr std::uint32_t longest_chunk = 65535;  // body octets in one packet

// From the mail server.
inline constexpr char negotiate = 'O';
inline constexpr char macros = 'D';
inline constexpr char connect = 'C';
inline constexpr char helo = 'H';
inline constexpr char mail = 'M';
inline constexpr char rcpt = 'R';
inline constexpr char data = 'T';
inline constexpr char header = 'L';
inline constexpr char end_of_header = 'N';
inline constexpr char body = 'B';
inline constexpr char end_of_message = 'E';
inline constexpr char abort = 'A';
inline constexpr char quit = 'Q';
inline constexpr char unknown = 'U';

// From the filter: what shall happen.
inline constexpr char go_on = 'c';
inline constexpr char accept = 'a';
inline constexpr char reject = 'r';
inline constexpr char tempfail = 't';
inline constexpr char discard = 'd';
inline constexpr char reply_code = 'y';
inline constexpr char skip = 's';
inline constexpr char progress = 'p';
inline constexpr char conn_fail = 'f';
inline constexpr char shutdown = '4';

// From the filter, at the end of a message: what shall be changed.
inline constexpr char add_header = 'h';
inline constexpr char insert_header = 'i';
inline constexpr char change_header = 'm';
inline constexpr char add_recipient = '+';
inline constexpr char add_recipient_with_arguments = '2';
inline constexpr char delete_recipient = '-';
inline constexpr char change_sender = 'e';
inline constexpr char replace_body = 'b';
inline constexpr char quarantine = 'q';

// What a filter may be allowed to do (SMFIF_*).
namespace action {
inline constexpr std::uint32_t add_headers = 0x001;
inline constexpr std::uint32_t change_body = 0x002;
inline constexpr std::uint32_t add_recipients = 0x004;
inline constexpr std::uint32_t delete_recipients = 0x008;
inline constexpr std::uint32_t change_headers = 0x010;
inline constexpr std::uint32_t quarantine = 0x020;
inline constexpr std::uint32_t change_sender = 0x040;
inline constexpr std::uint32_t add_recipients_with_arguments = 0x080;
inline constexpr std::uint32_t name_macros = 0x100;
inline constexpr std::uint32_t all = 0x1ff;
inline constexpr std::uint32_t all_of_version_2 = 0x03f;
}  // namespace action

// Which steps a filter may ask not to get, or not to have to answer (SMFIP_*).
namespace step {
inline constexpr std::uint32_t no_connect = 0x000001;
inline constexpr std::uint32_t no_helo = 0x000002;
inline constexpr std::uint32_t no_mail = 0x000004;
inline constexpr std::uint32_t no_rcpt = 0x000008;
inline constexpr std::uint32_t no_body = 0x000010;
inline constexpr std::uint32_t no_header = 0x000020;
inline constexpr std::uint32_t no_end_of_header = 0x000040;
inline constexpr std::uint32_t silent_header = 0x000080;
inline constexpr std::uint32_t no_unknown = 0x000100;
inline constexpr std::uint32_t no_data = 0x000200;
inline constexpr std::uint32_t skip = 0x000400;
inline constexpr std::uint32_t rejected_recipients = 0x000800;
inline constexpr std::uint32_t silent_connect = 0x001000;
inline constexpr std::uint32_t silent_helo = 0x002000;
inline constexpr std::uint32_t silent_mail = 0x004000;
inline constexpr std::uint32_t silent_rcpt = 0x008000;
inline constexpr std::uint32_t silent_data = 0x010000;
inline constexpr std::uint32_t silent_unknown = 0x020000;
inline constexpr std::uint32_t silent_end_of_header = 0x040000;
inline constexpr std::uint32_t silent_body = 0x080000;
inline constexpr std::uint32_t leading_space = 0x100000;
inline constexpr std::uint32_t all = 0x1fffff;
inline constexpr std::uint32_t all_of_version_2 = 0x00007f;
inline constexpr std::uint32_t all_silent = silent_header | silent_connect | silent_helo |
                                            silent_mail | silent_rcpt | silent_data |
                                            silent_unknown | silent_end_of_header | silent_body;
}  // namespace step

// Where a filter names the macros it wants (SMFIM_*).
enum Stage {
  at_connect = 0,
  at_helo = 1,
  at_mail = 2,
  at_rcpt = 3,
  at_data = 4,
  at_end_of_message = 5,
  at_end_of_header = 6
};
inline constexpr int stages = 7;

}  // namespace icm::milter_wire
