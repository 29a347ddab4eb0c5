# Completion of penstockctl for bash. Commands and options are those that
# `penstockctl --help` and `penstockctl COMMAND --help` print.

_penstockctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command='' i words

	case $prev in
	-s | -c)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	esac
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | -c) ((i++)) ;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	if [ -z "$command" ]; then
		words="$(penstockctl --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p')
			-s -c -j --help"
	elif [[ $cur == -* ]]; then
		words="$(penstockctl "$command" --help |
			sed -n 's/^  \(--[a-z]*=\{0,1\}\).*/\1/p') -j --help"
	else
		case $command$((COMP_CWORD - i)) in
		keys1) words='list add remove' ;;
		keys2)
			words=$(penstockctl authenticators 2>/dev/null |
				sed -n 's/^\([^ ]*\)  *api_key .*/\1/p')
			;;
		revoke1 | unrevoke1) words='token user all' ;;
		unban1)
			words=$(penstockctl bans 2>/dev/null |
				sed -n '2,$s/^\([^ ]*\) .*/\1/p')
			;;
		limits1 | limits2)
			words=$(penstockctl limits 2>/dev/null |
				sed -n '2,$s/^\([^ ]*\) .*/\1/p')
			;;
		signing1) words='rotate' ;;
		why1)
			words=$(penstockctl why 2>/dev/null |
				sed -n '2,$s/^[^ ]*  *\([^ ]*\) .*/\1/p')
			;;
		drain1 | maint1 | ready1 | weight1)
			words=$(penstockctl endpoints 2>/dev/null |
				sed -n '2,$s/^\([^ ]*\)  *\([^ ]*\) .*/\1\/\2/p')
			;;
		endpoints1 | health1)
			words=$(penstockctl services 2>/dev/null |
				sed -n '2,$s/^\([^ ]*\) .*/\1/p')
			;;
		*) words='' ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}

complete -F _penstockctl penstockctl
