# Run by cpack on the staging folder of the package: the parts that only Debian packages have.
set(root "${CPACK_TEMPORARY_INSTALL_DIRECTORY}")
set(doc "${root}/usr/share/doc/mcp-sidecar")

# The libraries are Debian's; the programs do not search their own folder.
foreach(program IN ITEMS bin/mcp-sidecar bin/mcp-sidecar-demo lib/mcp-sidecar/mcp-sidecar-postgresql.so)
  file(RPATH_REMOVE FILE "${root}/usr/${program}")
endforeach()

function(compress file)
  execute_process(COMMAND gzip -9 --no-name --force "${file}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

foreach(page IN ITEMS mcp-sidecar.1 mcp-sidecar-demo.1)  # the target man makes the first
  compress("${root}/usr/share/man/man1/${page}")
endforeach()

if(DEFINED ENV{SOURCE_DATE_EPOCH})
  set(epoch "$ENV{SOURCE_DATE_EPOCH}")
else()
  string(TIMESTAMP epoch "%s" UTC)
endif()
execute_process(COMMAND date --utc --rfc-email "--date=@${epoch}" OUTPUT_VARIABLE date
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(WRITE "${doc}/changelog" "mcp-sidecar (${CPACK_PACKAGE_VERSION}) stable; urgency=medium

  * Built from the sources of this version.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
compress("${doc}/changelog")
file(READ "${CMAKE_CURRENT_LIST_DIR}/copyright" copyright)
if(CPACK_SIDECAR_PAGES_COPYRIGHT)
  file(READ "${CPACK_SIDECAR_PAGES_COPYRIGHT}" of_pages)
  string(APPEND copyright "\n${of_pages}")
endif()
file(WRITE "${doc}/copyright" "${copyright}")
file(COPY "${CMAKE_CURRENT_LIST_DIR}/lintian-overrides" DESTINATION "${root}/usr/share/lintian/overrides")
file(RENAME "${root}/usr/share/lintian/overrides/lintian-overrides" "${root}/usr/share/lintian/overrides/mcp-sidecar")
