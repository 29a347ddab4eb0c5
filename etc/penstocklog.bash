# Completion of penstocklog for bash. Options are those that `penstocklog --help`
# prints; names are those of the gateway that runs.

_penstocklog() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local option=$prev words=''

	# --route=a is three words.
	if [ "$cur" = = ]; then
		cur=''
	elif [ "$prev" = = ]; then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	case $option in
	-s | --key)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	-f | --format) words='json combined common dev' ;;
	--status) words='2xx 3xx 4xx 5xx' ;;
	--method) words='GET HEAD POST PUT PATCH DELETE OPTIONS' ;;
	--why)
		words=$(penstockctl why 2>/dev/null |
			sed -n '2,$s/^[^ ]*  *\([a-z_]*\) .*/\1/p')
		;;
	--service)
		words=$(penstockctl services 2>/dev/null |
			sed -n '2,$s/^\([^ ]*\) .*/\1/p')
		;;
	--route)
		words=$(penstockctl routes 2>/dev/null |
			sed -n '2,$s/^\([^ ]*\) .*/\1/p')
		;;
	*)
		if [[ $cur != -* && " ${COMP_WORDS[*]} " == *' --verify '* ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
		fi
		words="$(penstocklog --help |
			grep -o -- '--[a-z-]*=\{0,1\}' | sort -u) -s -f -q -h -v"
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}

complete -F _penstocklog penstocklog
