# Run by `cmake --install`: installs the files with absolute paths: the unit, its user, its
# configuration. With the prefix /usr they go to /usr/lib/systemd/system, /usr/lib/sysusers.d and
# /etc/mcp-sidecar; with any other prefix they go below it, and the unit's paths follow. An existing
# configuration is kept.
set(prefix "${CMAKE_INSTALL_PREFIX}")
set(configuration "${prefix}/etc/mcp-sidecar")
if(prefix STREQUAL "/usr" OR prefix STREQUAL "/")
  set(configuration "/etc/mcp-sidecar")
endif()
set(root "$ENV{DESTDIR}")

function(put_text place text)
  message(STATUS "Installing: ${root}${place}")
  file(WRITE "${root}${place}" "${text}")
endfunction()

file(READ "@service_source@/mcp-sidecar.service" unit)
string(REPLACE "/usr/bin/mcp-sidecar" "${prefix}/bin/mcp-sidecar" unit "${unit}")
string(REPLACE "/etc/mcp-sidecar" "${configuration}" unit "${unit}")
# Removes the instructions for an installation by hand.
string(REGEX REPLACE "^# Installed by[^\n]*\n(#  [^\n]*\n)*" "" unit "${unit}")
put_text("${prefix}/lib/systemd/system/mcp-sidecar.service" "${unit}")

file(READ "@service_source@/mcp-sidecar.sysusers" user)
put_text("${prefix}/lib/sysusers.d/mcp-sidecar.conf" "${user}")

if(NOT EXISTS "${root}${configuration}/mcp-sidecar.env")
  file(READ "@CMAKE_SOURCE_DIR@/.env.example" example)
  put_text("${configuration}/mcp-sidecar.env" "${example}")
  file(CHMOD "${root}${configuration}/mcp-sidecar.env" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
endif()
